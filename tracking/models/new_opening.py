"""An opening on its way into the database, as long as no foreign key has to be followed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from operator import attrgetter
from uuid import UUID

from campaigns.models.made import made
from tracking.models.opening import Counted, Opening


@dataclass(slots=True)
class NewOpening(Counted):
    """What is stored of an Opening, under the same names, in half of the time: each foreign key of
    a model goes through Django's descriptors whenever it is read."""

    event_id: bytes  # 16
    group_id: int
    opened_at: datetime
    verdict: str
    reason: str
    rules_date: date | None
    # An anonymous one has nothing of these.
    pixel_id: int | None = None
    contact_id: int | None = None
    user_agent_id: int | None = None
    network_label: str = ""
    network: str = ""
    prefetch: bool = False
    referer: str = ""

    begins_mail_open: bool = False

    def anonymous(self) -> "NewOpening":
        """What an anonymous campaign keeps of it."""
        return NewOpening(
            self.event_id,
            self.group_id,
            self.opened_at,
            self.verdict,
            self.reason,
            self.rules_date,
        )

    def as_model(self) -> Opening:
        """Without an id and the time at which it was recorded."""
        values = dict(zip(STORED, values_of(self), strict=True))
        return made(Opening, **values | {"event_id": UUID(bytes=self.event_id)})


STORED: Sequence[str] = [field.name for field in fields(NewOpening)]
values_of = attrgetter(*STORED)
