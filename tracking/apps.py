from django.apps import AppConfig

from campaigns.anonymity import ask_about_anonymity
from campaigns.erasure import when_contacts_are_erased
from campaigns.mail_changes import when_mails_change
from campaigns.removal import before_contacts_go, before_groups_go


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self):
        # Models load before this.
        from tracking import checks  # noqa: F401, PLC0415
        from tracking.forget import forget_openings, forget_readers  # noqa: PLC0415
        from tracking.models import ContactOpenings  # noqa: PLC0415
        from tracking.removal import KEEPER, has_anonymous_openings  # noqa: PLC0415
        from tracking.retention import has_archived_anonymously  # noqa: PLC0415

        before_contacts_go(forget_openings)
        before_groups_go(KEEPER)
        when_contacts_are_erased(forget_readers)
        when_mails_change(ContactOpenings.objects.follow_mails)
        ask_about_anonymity(has_anonymous_openings)
        ask_about_anonymity(has_archived_anonymously)
