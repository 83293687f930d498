"""Fresh random secrets for the test run, set before Django reads its settings."""

import base64
import os
import secrets
import tempfile

os.environ["PIXEL_ENV_FILE"] = os.devnull  # never the developer's own .env
os.environ.setdefault("PIXEL_VAR_DIR", tempfile.mkdtemp(prefix="pixeltrack-tests-"))
os.environ["DJANGO_SECRET_KEY"] = secrets.token_urlsafe(50)
os.environ["API_SECRET_KEY"] = secrets.token_urlsafe(64)
os.environ["FERNET_KEY"] = base64.urlsafe_b64encode(os.urandom(32)).decode()
