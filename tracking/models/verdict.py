from django.db import models


class Verdict(models.TextChoices):
    """Who opened."""

    HUMAN = "human"
    PROXY = "proxy", "proxy: an image proxy on behalf of a person"
    MACHINE = "machine"

    @classmethod
    def verified(cls, verdict: str) -> bool:
        """A person stands behind it."""
        return verdict != cls.MACHINE
