import os

# Whatever of this package a process begins with: these are its settings.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pixeltrack.settings")
