import secrets
import time
from binascii import unhexlify

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.login_guard import LoginGuard
from accounts.models import User

BACKUP_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another one


def device_of(user) -> TOTPDevice | None:
    """What a code is asked for by; None where none is."""
    if settings.ADMIN_TWO_FACTOR == "off":
        return None
    return TOTPDevice.objects.filter(user_id=user.pk, confirmed=True).first()


def must_turn_on(user) -> bool:
    required = settings.ADMIN_TWO_FACTOR == "required" and user.is_staff
    return required and device_of(user) is None


def check_code(request, user, code: str) -> Device | None:
    """The device that the code proves, a code of the app or a backup code; each is good once.
    LockedOut after too many wrong ones, as with passwords."""
    guard = LoginGuard(request, f"codes of user {user.pk}")
    guard.check()
    code = "".join(code.split()).replace("-", "").lower()
    kind, token = (TOTPDevice, code) if code.isdecimal() else (StaticDevice, hashed(user, code))
    device = kind.objects.filter(user_id=user.pk, confirmed=True).first()
    proved = device and verify_token(user, device.persistent_id, token)
    if proved:
        guard.succeed(user)
    else:
        guard.fail()
    return proved


def turn_on(user, key: str, code: str) -> tuple[TOTPDevice, list[str]] | None:
    """The new device and its backup codes; None where the code isn't one of this key (in hex)."""
    code = "".join(code.split())
    clock = TOTP(unhexlify(key))
    clock.time = time.time()
    if not (code.isdecimal() and len(code) == clock.digits and clock.verify(int(code), 1)):
        return None
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two pages may send at once
        turn_off(user)
        device = TOTPDevice.objects.create(
            user_id=user.pk, name="app", key=key, drift=clock.drift, last_t=clock.t()
        )
        return device, new_backup_codes(user)


def turn_off(user):
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user_id=user.pk).delete()


@transaction.atomic
def new_backup_codes(user) -> list[str]:
    """They take the place of all that were. Only keyed hashes are kept."""
    codes = ["".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(BACKUP_CODES)]
    StaticDevice.objects.filter(user_id=user.pk).delete()
    device = StaticDevice.objects.create(user_id=user.pk, name="backup codes")
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=hashed(user, code)) for code in codes
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def hashed(user, code: str) -> str:
    """As long as django-otp's column is, 64 bits."""
    text = f"{user.pk}:{code}".encode(errors="replace")
    return salted_hmac("accounts.two_factor", text, algorithm="sha256").hexdigest()[:16]
