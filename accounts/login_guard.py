"""How many logins may fail, before further ones are refused for a while.

Three counts stand against guessing, and each runs out by itself:

- of an account from one network: stops the ordinary guesser, and locks nobody else out;
- of one network, ten times as high: stops who tries many accounts;
- of an account from anywhere, ten times as high: stops who comes from many networks. It does not
  hold where that account has logged in lately, or strangers could keep its owner out for ever.

They live in the database: every process sees them, and where it fails nobody logs in anyway. An
account is what was typed, whether or not there is one: no answer tells them apart. Neither names
nor addresses are kept, only keyed hashes of them, the address cut to its network before.

Refresh tokens need no guard: they are signed, so nobody finds one by trying.
"""

from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled

from accounts.address import address_key
from accounts.client_address import network_of

WIDER = 10  # times as many failures may come from a network, or be an account's from anywhere
KNOWN_FOR = timedelta(days=30)


class LockedOut(Throttled):
    default_detail = "Too many logins have failed."
    extra_detail_singular = extra_detail_plural = "Try again in {wait} seconds."


class LoginTraceQuerySet(models.QuerySet):
    def live(self):
        return self.filter(expires_at__gt=timezone.now())

    def add_failure(self, key: str):
        """One more failure. The first one decides when all of them are forgotten."""
        now = timezone.now()
        expiry = now + timedelta(minutes=settings.API_LOGIN_LOCK_MINUTES)
        first, more = {"failures": 1, "expires_at": expiry}, {"failures": F("failures") + 1}
        one = self.filter(key=key)
        if one.live().update(**more) or one.filter(expires_at__lte=now).update(**first):
            return
        if not self.insert(key=key, **first):
            one.update(**more)

    def keep(self, key: str, expires_at):
        if not self.filter(key=key).update(expires_at=expires_at):
            self.insert(key=key, expires_at=expires_at)

    def insert(self, **fields) -> bool:
        """False where another request was faster. Not `update_or_create`, which holds its locks
        meanwhile: many logins at once would end as deadlocks on MySQL."""
        try:
            with transaction.atomic():
                self.create(**fields)
        except IntegrityError:
            return False
        return True

    def forget_expired(self):
        self.filter(expires_at__lte=timezone.now()).delete()


class LoginTrace(models.Model):
    """What is remembered of logins: the failures by one key, or a network that is known."""

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    objects = LoginTraceQuerySet.as_manager()

    class Meta:
        default_permissions = ()  # no page shows them

    def __str__(self):
        return f"{self.failures} failures until {self.expires_at}"


class LoginGuard:
    """For one try to log in as `name`: counts the failures, and refuses where they are many."""

    def __init__(self, request, name: str):
        few, many = settings.API_LOGIN_FAILURES, settings.API_LOGIN_FAILURES * WIDER
        # As the lookup of e-mail addresses reads them; every other spelling fails anyway.
        self.network, name = network_of(request), address_key(name)
        self.pair = hashed("account and network", name, self.network)
        account = hashed("account", name)
        # How many failures there may be by each key, and a key whose presence lifts a limit.
        self.limits = {self.pair: few, hashed("network", self.network): many, account: many}
        self.unless = {account: self.known(name)}

    def known(self, name: str) -> str:
        return hashed("known", address_key(name), self.network)

    def check(self):
        """LockedOut once a count is full. Before a password is looked at, and after it proved
        right: of many guesses at once, some have failed meanwhile."""
        self._refuse(lambda failures, limit: failures >= limit)

    def fail(self):
        """Count a failure; LockedOut where others have filled the count meanwhile."""
        for key in self.limits:
            LoginTrace.objects.add_failure(key)
        self._refuse(lambda failures, limit: failures > limit)

    def succeed(self, user):
        """The user has logged in: slips are forgiven, and the network is known from now on."""
        LoginTrace.objects.filter(pk=self.pair).update(failures=0)
        expiry = timezone.now() + KNOWN_FOR
        fresh = LoginTrace.objects.filter(expires_at__gt=expiry - timedelta(days=1))
        keys = {self.known(name) for name in (user.username, user.email)}
        for key in keys.difference(fresh.filter(key__in=keys).values_list("key", flat=True)):
            LoginTrace.objects.keep(key, expiry)

    def _refuse(self, full):
        keys = [*self.limits, *self.unless.values()]
        traces = {trace.key: trace for trace in LoginTrace.objects.live().filter(key__in=keys)}
        ends = [
            trace.expires_at
            for key, trace in traces.items()
            if key in self.limits
            and full(trace.failures, self.limits[key])
            and self.unless.get(key) not in traces
        ]
        if ends:
            raise LockedOut(wait=max(1, (max(ends) - timezone.now()).total_seconds()))


def hashed(*parts: str) -> str:
    text = "\0".join(parts).encode(errors="replace")
    return salted_hmac("accounts.login_guard", text, algorithm="sha256").hexdigest()
