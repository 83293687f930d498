import shutil
import subprocess

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pixeltrack.schema_picture import digest, dot_source


class Command(BaseCommand):
    help = "Draws the database schema from the models as docs/schema.svg (with Graphviz' dot)."

    def handle(self, **options):
        if not shutil.which("dot"):
            raise CommandError("`dot` is missing. Debian and Ubuntu: apt-get install graphviz")
        source = dot_source()
        svg = subprocess.run(  # nosec B603 B607 # a developer's own `dot`, and our models
            ["dot", "-Tsvg"], input=source, stdout=subprocess.PIPE, text=True, check=True
        ).stdout
        picture = settings.BASE_DIR / "docs" / "schema.svg"
        picture.write_text(f"{svg.rstrip()}\n<!-- drawn from {digest(source)} -->\n")
        self.stdout.write(f"Wrote {picture.relative_to(settings.BASE_DIR)}.")
