"""Tables as files to download, sent while they are read."""

import unicodedata
from collections.abc import Iterator
from itertools import chain
from pathlib import PurePath
from urllib.parse import quote

from django.urls import path
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation

from accounts.models import Refusal
from accounts.scope import Conflict, TeamScoped
from campaigns.models import Campaign, ContactImport, Group
from campaigns.serializers.file import GroupOptionSerializer
from campaigns.streaming import Stream
from campaigns.table import FORMS, Csv, Table, file_name


class OneForm(BaseContentNegotiation):
    """The address says which form the file has, not the Accept header; problems are JSON."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type


class FileSchema(AutoSchema):
    """Describes a file by its table and its form."""

    def get_operation_id(self):
        owner, name = self.path.split("/")[2], self.view.table.name
        return f"{owner}_{name.replace('-', '_')}_{self.view.form.suffix}"

    def get_description(self):
        return "\n\n".join(map(paragraph, (self.view.table.__doc__, self.view.form.__doc__)))

    def get_override_parameters(self):
        return [options for options in self.view.option_serializers() if options().fields]

    def get_response_serializers(self):
        return {(200, self.view.form.media_type): OpenApiTypes.STR}

    def get_filter_backends(self):
        return []


def paragraph(docstring: str) -> str:
    return "\n".join(line.strip() for line in docstring.strip().splitlines())


class FileView(TeamScoped, GenericAPIView):
    """`as_view(table=…, form=…)` answers with that table in that form."""

    schema = FileSchema()
    content_negotiation_class = OneForm
    table: type[Table] = Table
    form = Csv

    selection: type[serializers.Serializer] = serializers.Serializer

    def subject(self, row, **selection) -> tuple:
        """What the table is made of, for the row that the address names."""
        raise NotImplementedError

    def names(self, row) -> list[str]:
        """What the file is called after, the table aside."""
        raise NotImplementedError

    def get(self, request, *args, **kwargs):
        row = self.get_object()
        selection, form_options, table_options = map(self.read, self.option_serializers())
        try:
            table = self.table(*self.subject(row, **selection), **table_options)
        except Refusal as refusal:
            raise Conflict(refusal, refusal.code) from None
        head = request.method == "HEAD"
        name = file_name([*self.names(row), table.name], self.form.suffix)
        return Stream(
            () if head else begun(self.form(table, **form_options).parts()),
            content_type=f"{self.form.media_type}; charset=utf-8",
            headers={
                "Content-Disposition": disposition(name),
                "Cache-Control": "no-store, private",
            },
        )

    def option_serializers(self) -> list[type[serializers.Serializer]]:
        """What may be asked of the rows, of the form and of the table."""
        return [self.selection, self.form.options, self.table.options]

    def read(self, serializer_class) -> dict:
        options = serializer_class(
            data=self.request.query_params.dict(), context=self.get_serializer_context()
        )
        options.is_valid(raise_exception=True)
        return options.validated_data


class CampaignFileView(FileView):
    queryset = Campaign.objects.all()
    team_path = "team"
    selection = GroupOptionSerializer

    def names(self, campaign):
        return [campaign.name]

    def subject(self, campaign, group: Group | None = None) -> tuple[Campaign, list[Group]]:
        if group is None:
            return campaign, list(campaign.groups.order_by("pk"))
        if group.campaign_id != campaign.pk:
            raise serializers.ValidationError(
                {"group": "This group belongs to another campaign."}, "other_campaign"
            )
        return campaign, [group]


class GroupFileView(FileView):
    queryset = Group.objects.select_related("campaign")
    team_path = "campaign.team"

    def names(self, group):
        return [group.campaign.name, group.name]

    def subject(self, group) -> tuple[Campaign, list[Group]]:
        return group.campaign, [group]


class ImportFileView(FileView):
    queryset = ContactImport.objects.select_related("campaign")
    team_path = "campaign.team"

    def names(self, contact_import):
        return [contact_import.campaign.name, PurePath(contact_import.name).stem]

    def subject(self, contact_import) -> tuple[ContactImport]:
        return (contact_import,)


def begun(parts: Iterator[str]) -> Iterator[str]:
    """The same parts, the first of them read already: what fails by then is still a problem."""
    return chain([next(parts, "")], parts)


def disposition(name: str) -> str:
    """Content-Disposition for any name, with a plain one for clients that know no other."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lstrip("-.")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def files(address: str, view: type[FileView], tables, forms=FORMS) -> list:
    """The addresses of these tables below one, in each of the forms."""
    return [
        path(
            f"{address}/{table.name}.{form.suffix}",
            view.as_view(table=table, form=form),
            name=f"{view.queryset.model._meta.model_name}-{table.name}-{form.suffix}",
        )
        for table in tables
        for form in forms
    ]
