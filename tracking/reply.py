"""What every client of a pixel gets, whatever became of its hit."""

from base64 import b64decode

GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

HEADERS = {
    "Content-Type": "image/gif",
    "Content-Length": str(len(GIF)),
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
    "Pragma": "no-cache",
    "Expires": "0",
}

NOT_ALLOWED_HEADERS = {"Allow": "GET, HEAD", "Content-Length": "0"}
