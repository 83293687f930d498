from django.apps import AppConfig

from campaigns.removal import before_contacts_go


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self):
        from tracking.forget import forget_openings  # noqa: PLC0415 - models load before this

        before_contacts_go(forget_openings)
