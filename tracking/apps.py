from django.apps import AppConfig

from campaigns.removal import before_contacts_go


class TrackingConfig(AppConfig):
    name = "tracking"

    def ready(self):
        # Models load before this.
        from tracking import checks  # noqa: F401, PLC0415
        from tracking.forget import forget_openings  # noqa: PLC0415

        before_contacts_go(forget_openings)
