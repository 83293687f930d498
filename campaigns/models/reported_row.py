from django.db import models

from campaigns.models.contact_import import ContactImport
from campaigns.models.insert import insert_rows

REMOVED_AT_ONCE = 1_000
VALUE_LENGTH = 200


class ReportedRowQuerySet(models.QuerySet):
    def of(self, user) -> "ReportedRowQuerySet":
        if user.is_superuser:
            return self
        imports = ContactImport.objects.of(user).values_list("pk", flat=True)
        return self.filter(contact_import__in=list(imports))

    def insert(self, rows: list["ReportedRow"]):
        """Store new ones. They stay without an id, so another try may store them again."""
        # What they keep of a file can be long, and one statement takes only so much.
        fields = [field for field in self.model._meta.fields if not field.primary_key]
        values = [tuple(getattr(row, field.attname) for field in fields) for row in rows]
        insert_rows(self.model, [field.name for field in fields], values)

    def remove_some(self, most: int = REMOVED_AT_ONCE) -> int:
        """Delete some of these; how many that were."""
        some = list(self.order_by()[:most].values_list("pk", flat=True))
        self.model.objects.filter(pk__in=some).delete()
        return len(some)

    def forget_person(self, team_id: int, email_key: str):
        """What imports of a team report about this address goes."""
        about = self.filter(email_key=email_key)
        found = about.values_list("pk", "email_key", "contact_import__campaign__team")
        # MySQL takes addresses for the same that differ in an accent.
        ids = [pk for pk, *row in found if row == [email_key, team_id]]
        self.model.objects.filter(pk__in=ids).delete()


class ReportedRow(models.Model):
    """What an import has to say about one row of its file: why it was rejected, or a remark on
    one that was taken in."""

    contact_import = models.ForeignKey(
        ContactImport, models.CASCADE, related_name="reported_rows", db_index=False
    )
    line = models.PositiveBigIntegerField(
        help_text="Where the row begins: the line of the file; of a JSON array, the item."
    )
    rejected = models.BooleanField(help_text="False: the row was taken in.")
    code = models.CharField(max_length=40, help_text="Stable, for programs.")
    column = models.CharField(max_length=200, blank=True, help_text="Empty: the row as a whole.")
    value = models.CharField(
        max_length=VALUE_LENGTH, blank=True, help_text="What stood there, shortened."
    )
    detail = models.CharField(
        max_length=500, help_text="What is wrong and what to do, in a sentence."
    )
    row = models.JSONField(null=True, editable=False)  # a rejected one, as it stood in the file
    email_key = models.CharField(max_length=254, blank=True, editable=False, db_index=True)

    objects = ReportedRowQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["contact_import", "rejected", "line"], name="reported_row_place"),
            models.Index(fields=["contact_import", "line"], name="reported_row_line"),
        ]

    def __str__(self):
        return f"line {self.line}"

    @property
    def reason(self) -> str:
        return f"{self.column}: {self.detail}" if self.column else self.detail
