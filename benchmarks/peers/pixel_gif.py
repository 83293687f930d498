"""What all peers answer: a GIF of one pixel, and that nobody is to keep it."""

from base64 import b64decode

GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
HEADERS = {"Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private"}
