"""How long the body of a request may be: a file of contacts longer than all others."""

from django.conf import settings

from campaigns.first_rows import ZIP_BYTES
from tracking.page_views.track import BODY_BYTES, TRACK_PATH

FRAME = 64 * 1024  # what a form has in it beside the file
FORM = "multipart/form-data"
# What else comes to these addresses, JSON above all, is read into memory whole.
UPLOADS = ("/api/imports/", "/admin/campaigns/contactimport/add/")
FIRST_ROWS = "/admin/campaigns/contactimport/first-rows/"  # of a file that is about to be sent


def most_bytes(method: str, path: str, content_type: str) -> int:
    if is_upload(method, path, content_type):
        return settings.MAX_IMPORT_BYTES + FRAME
    if path == FIRST_ROWS:
        return ZIP_BYTES + FRAME
    if path == TRACK_PATH:
        return min(BODY_BYTES, settings.API_MAX_BODY_BYTES)
    return settings.API_MAX_BODY_BYTES


def is_upload(method: str, path: str, content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return method == "POST" and path in UPLOADS and kind == FORM
