"""`manage.py consume`, broken as LEDGER_SABOTAGE says: python -m tests.ledger.sabotage_consumer"""

import os
from importlib import import_module

import django
from django.core.management import call_command

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
    django.setup()
    import_module("tests.ledger.sabotage").apply()
    call_command("consume")
