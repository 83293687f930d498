from django.apps import AppConfig

from campaigns.erasure import when_contacts_are_erased
from campaigns.removal import before_contacts_go


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self):
        # Models load before this.
        from tracking import checks  # noqa: F401, PLC0415
        from tracking.forget import forget_openings, forget_readers  # noqa: PLC0415

        before_contacts_go(forget_openings)
        when_contacts_are_erased(forget_readers)
