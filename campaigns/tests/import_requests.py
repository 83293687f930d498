"""Requests about contact imports to the API."""

import csv
import io
import json
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns import import_steps
from campaigns.tests.importing import table

URL = "/api/imports/"
TWO = table("email,group", "ada@example.com,A", "bob@example.com,B")


def upload(house, content, name="people.csv", client=None, **options):
    content = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, content)
    headers = {key: options.pop(key) for key in list(options) if key.startswith("HTTP_")}
    body = {"campaign": house.campaign.pk, "file": file} | options
    return (client or house.client).post(URL, body, format="multipart", **headers)


def post(house, *rows, **options):
    body = {"campaign": house.campaign.pk, "contacts": rows} | options
    return house.client.post(URL, json.dumps(body), content_type="application/json")


def worked_at(house, response) -> dict:
    """The import after a worker has been at it."""
    assert response.status_code == 201, response.content
    import_steps.work()
    return house.client.get(response["Location"]).json()


def report(house, job, **query) -> list[dict]:
    return house.client.get(f"{URL}{job['id']}/rows/", query).json()["results"]


def rejected(house, job, **query) -> str:
    response = house.client.get(f"{URL}{job['id']}/rejected.csv", query)
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people.csv", text)
    return packed.getvalue()
