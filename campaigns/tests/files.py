"""Files of the API, fetched and read back."""

import csv
import io
import json

from campaigns import streaming


def fetch(client, address, **query) -> str:
    response = client.get(address, query)
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


def read_csv(client, address, **query) -> list[dict]:
    return list(csv.DictReader(io.StringIO(fetch(client, address, **query), newline="")))


def read_jsonl(client, address, **query) -> list[dict]:
    return [json.loads(line) for line in fetch(client, address, **query).splitlines()]


def some_at_a_time(monkeypatch, rows: int):
    monkeypatch.setattr(streaming, "ROWS_AT_ONCE", rows)
