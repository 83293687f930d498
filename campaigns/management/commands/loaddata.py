from django.core.management.commands import loaddata

from campaigns.models import Campaign, Contact
from campaigns.recount import recount_contacts


class Command(loaddata.Command):
    """Django's own, and what is kept beside contacts follows those of the fixtures, which come by
    none of the verbs that see to it."""

    def loaddata(self, fixture_labels):
        self.groups = set()
        super().loaddata(fixture_labels)
        campaigns = Campaign.everything.filter(groups__in=self.groups).distinct()
        for campaign in campaigns.values_list("pk", flat=True):
            recount_contacts(campaign)

    def save_obj(self, obj):
        if isinstance(obj.object, Contact):
            before = Contact.objects.filter(pk=obj.object.pk).values_list("group_id", flat=True)
            self.groups.update(before, [obj.object.group_id])
        return super().save_obj(obj)
