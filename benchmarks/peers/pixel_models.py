"""The tables in pixel_tables.sql, for peers that use Django's ORM."""

from django.db import models


class Pixel(models.Model):
    uuid = models.CharField(max_length=32, unique=True)
    contact_id = models.BigIntegerField()

    class Meta:
        app_label, db_table = "peer", "pixels"

    def __str__(self):
        return self.uuid


class Opening(models.Model):
    pixel = models.ForeignKey(Pixel, models.CASCADE)
    opened_at = models.DateTimeField()
    user_agent = models.CharField(max_length=512)
    ip = models.GenericIPAddressField()

    class Meta:
        app_label, db_table = "peer", "openings"

    def __str__(self):
        return f"{self.pixel_id} at {self.opened_at}"
