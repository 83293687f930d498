"""Django for a peer that is one module: its addresses are in it. MYSQL_HOST and its like say where
the database is."""

import os

import django
from django.conf import settings


def configure(urls: str, **more):
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=urls,
        SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
        USE_TZ=True,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.mysql",
                "HOST": os.environ["MYSQL_HOST"],
                "PORT": os.environ["MYSQL_PORT"],
                "USER": os.environ["MYSQL_USER"],
                "PASSWORD": os.environ["MYSQL_PASSWORD"],
                "NAME": os.environ["MYSQL_DATABASE"],
                "CONN_MAX_AGE": None,
            }
        },
        **more,
    )
    django.setup()
