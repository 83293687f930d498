from collections.abc import Iterable
from functools import lru_cache
from hmac import HMAC

from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

from accounts.address import address_key, key_in_unicode
from accounts.models import Team

LOOKED_UP_AT_ONCE = 5_000  # a statement takes only so many values
SALT = "campaigns.ErasedAddress"


def address_hash(address: str, key: str | None = None) -> str:
    """HMAC-SHA-256 of the address, in hexadecimal, with a key made from DJANGO_SECRET_KEY.

    Without the key nobody can try addresses out; with another key no address is recognised.
    """
    return hash_of(address_key(address), key)


def hash_of(spelling: str, key: str | None) -> str:
    hashed = keyed(key or settings.SECRET_KEY).copy()
    hashed.update(spelling.encode())
    return hashed.hexdigest()


@lru_cache(maxsize=16)  # to take the key in takes longer than the address
def keyed(key: str) -> HMAC:
    return salted_hmac(SALT, "", secret=key, algorithm="sha256")


def address_hashes(address: str) -> list[str]:
    """Under today's key and under those that were before it. Also of the spelling that stood for
    the address before domains were kept in ASCII: nobody can make those hashes anew."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    spelling = address_key(address)
    spellings = {spelling, key_in_unicode(spelling)} if "xn--" in spelling else {spelling}
    return [hash_of(one, key) for one in sorted(spellings) for key in keys]


class ErasedAddressQuerySet(models.QuerySet):
    def of(self, user) -> "ErasedAddressQuerySet":
        return self if user.is_superuser else self.filter(team__in=Team.objects.of(user))

    def remember(self, team_id: int, address: str):
        """From now on the address is refused; safe to repeat.

        Outside of any transaction: whoever adds the address at this moment must see it, see
        `ContactQuerySet.schedule`.
        """
        self.get_or_create(team_id=team_id, hash=address_hash(address))

    def about(self, address: str) -> "ErasedAddressQuerySet":
        return self.filter(hash__in=address_hashes(address))

    def among(self, addresses: Iterable[tuple[int, str]]) -> set[tuple[int, str]]:
        """Which of these (team id, address) are erased; a query for 5,000 hashes."""
        asked = set(addresses)
        hashes = {address: address_hashes(address) for _, address in asked}
        wanted = sorted({hashed for several in hashes.values() for hashed in several})
        found = set()
        for start in range(0, len(wanted), LOOKED_UP_AT_ONCE):
            rows = self.filter(hash__in=wanted[start : start + LOOKED_UP_AT_ONCE])
            found.update(rows.values_list("team_id", "hash"))
        return {
            (team_id, address)
            for team_id, address in asked
            if any((team_id, hashed) in found for hashed in hashes[address])
        }


class ErasedAddress(models.Model):
    """That somebody with this address asked a team to be forgotten. The address isn't kept."""

    # It keeps an address out of a team's campaigns, so it goes with the team.
    team = models.ForeignKey(Team, models.CASCADE, related_name="erased_addresses")
    hash = models.CharField(max_length=64, editable=False)
    erased_at = models.DateTimeField(auto_now_add=True)

    objects = ErasedAddressQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "erased addresses"
        constraints = [
            models.UniqueConstraint(fields=["hash", "team"], name="one_erasure_per_address")
        ]

    def __str__(self):
        return f"erased address {self.pk}"

    def remove(self):
        """The address may be added again."""
        self.delete()
