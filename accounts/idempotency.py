"""`Idempotency-Key`: a request that is sent again gets the answer that it got the first time.

A client that heard no answer can't know whether its request was done. With a key it sends the
same again: within 24 hours the stored answer comes back, and nothing is done twice.

Where the server dies on the way, the answer is missing; after the lease the same key does the
work again. So what stands behind a key must be harmless to repeat.
"""

import functools
import json
import re
import zlib
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from accounts.retry import retry_transaction

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
LEASE = timedelta(minutes=2)  # longer than any request takes
KEY = re.compile(r"[\x20-\x7e]{1,255}")
PARAMETERS = [
    OpenApiParameter(
        HEADER,
        str,
        OpenApiParameter.HEADER,
        description="1 to 255 printable ASCII characters of your choice, new for each request. "
        "The same request with the same key, within 24 hours, gets the stored answer.",
    ),
    OpenApiParameter(
        REPLAYED,
        {"type": "string", "enum": ["true"]},
        OpenApiParameter.HEADER,
        description="`true` where the answer is the stored one; else it is not there.",
        response=[200, 201, 202],
    ),
]


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = (
        "This Idempotency-Key came with another request before. Take a new key for each request."
    )


class InProgress(APIException):
    """The first request with this key is not done. `wait` becomes the Retry-After header."""

    status_code = 409
    default_code = "in_progress"
    default_detail = "The first request with this Idempotency-Key is not done yet. Try again later."

    def __init__(self, until: datetime):
        super().__init__()
        self.wait = max(1, min(5, round((until - timezone.now()).total_seconds())))


class IdempotentRequestQuerySet(models.QuerySet):
    def claim(self, place: str, fingerprint: str) -> "IdempotentRequest":
        """The request at this place: ours to answer now, or answered before.

        KeyReused where another request came first, InProgress where it is not done.
        """
        now = timezone.now()
        self.expired(now).filter(place=place).delete()
        fresh = self.model(
            place=place,
            fingerprint=fingerprint,
            leased_until=now + LEASE,
            expires_at=now + KEPT,
        )
        if fresh.insert():
            return fresh
        known = self.filter(place=place).first()
        if known is None:  # it failed at this moment, and its key is free again
            raise InProgress(now)
        if known.fingerprint != fingerprint:
            raise KeyReused
        if known.answer is None and not known.take_over(now):
            raise InProgress(known.leased_until)
        return known

    def expired(self, now: datetime) -> "IdempotentRequestQuerySet":
        return self.filter(expires_at__lte=now)


class IdempotentRequest(models.Model):
    """A request that came with an Idempotency-Key, and its answer once there is one.

    Who sent it, the key and the body are here as digests only.
    """

    place = models.CharField(max_length=64, unique=True)  # of sender, rights and key
    fingerprint = models.CharField(max_length=64)  # of method, address and body
    leased_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.BinaryField(null=True)  # compressed JSON

    objects = IdempotentRequestQuerySet.as_manager()

    def __str__(self):
        return f"idempotent request {self.pk}"

    @retry_transaction
    def insert(self) -> bool:
        """Whether this is the first request with its key. The unique index is the arbiter."""
        try:
            with transaction.atomic():
                self.save(force_insert=True)
        except IntegrityError:
            return False
        return True

    def take_over(self, now: datetime) -> bool:
        """Whether the lease of a request that died has become ours."""
        left = IdempotentRequest.objects.filter(
            pk=self.pk, answer=None, leased_until__lte=now, leased_until=self.leased_until
        )
        self.leased_until = now + LEASE
        return left.update(leased_until=self.leased_until) == 1

    def store(self, response: Response):
        """Keep the answer, unless the lease has gone to another request meanwhile."""
        self._mine().update(
            status=response.status_code,
            answer=zlib.compress(JSONRenderer().render(response.data)),
        )

    def give_up(self):
        """Nothing was answered: the key is free again."""
        self._mine().delete()

    def _mine(self):
        return IdempotentRequest.objects.filter(
            pk=self.pk, answer=None, leased_until=self.leased_until
        )

    def replay(self) -> Response:
        data = json.loads(zlib.decompress(self.answer))
        return Response(data, self.status, headers={REPLAYED: "true"})


def idempotent(handler):
    """For a method of an API view that answers POST: honours the Idempotency-Key, and says so in
    the schema. A request that fails stores nothing, and its key may be used again.

    It goes above `@extend_schema` and `@action`, which would write over each other below it.
    """

    @extend_schema(parameters=PARAMETERS)
    @functools.wraps(handler)
    def answered(view, request, *args, **kwargs):
        if HEADER not in request.headers:
            return handler(view, request, *args, **kwargs)
        place = place_of(request)
        claim = IdempotentRequest.objects.claim(place, fingerprint_of(request))
        if claim.answer is not None:
            return claim.replay()
        try:
            response = handler(view, request, *args, **kwargs)
            claim.store(response)
        except Exception:
            claim.give_up()
            raise
        return response

    return answered


def place_of(request) -> str:
    """Where a request with this sender and key is kept; two senders may choose the same key."""
    key = request.headers[HEADER]
    if not KEY.fullmatch(key):
        raise ValidationError({HEADER: "Send 1 to 255 printable ASCII characters."})
    sender = request.user
    # With their rights: an answer is for who has them still. For anybody else it is another
    # request, whose work is done by today's rights.
    rights = json.dumps([sender.is_superuser, sorted(sender.team_roles())])
    return digest(f"{sender.identity()}\n{rights}\n{key}").hexdigest()


def fingerprint_of(request) -> str:
    """Equal for requests that ask for the same. From the parsed body, because the boundary of a
    multipart body, for example, is another one each time."""
    made = digest(f"{request.method} {request.get_full_path()}\n")
    if isinstance(request.data, QueryDict):
        for part in parts_of(request.data):
            made.update(part)
        return made.hexdigest()
    try:
        made.update(json.dumps(request.data, sort_keys=True).encode())
    except RecursionError:
        raise ParseError("The body is nested too deeply.") from None
    return made.hexdigest()


def parts_of(form: QueryDict):
    """The fields and files of a form, in pieces that can't be taken for one another."""
    for name, values in sorted(form.lists()):
        for value in values:
            if not hasattr(value, "chunks"):
                yield json.dumps([name, value]).encode()
                continue
            yield json.dumps([name, value.name, value.size]).encode()
            yield from value.chunks()
            value.seek(0)


def digest(text: str):
    return salted_hmac("accounts.idempotency", text, algorithm="sha256")
