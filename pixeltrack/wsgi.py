"""Django alone, for servers that speak WSGI; the plain view answers the pixels."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
application = get_wsgi_application()
