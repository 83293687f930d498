"""What an e-mail address of a contact is, and how it is kept. For addresses from anywhere.

What makes two of them the same: accounts/address.py.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from accounts.address import LONGEST, address_key, in_ascii, key_in_unicode, trim
from campaigns.erasure import is_placeholder
from campaigns.role_accounts import ROLE_NAMES

ADDRESS_LENGTH = 254  # RFC 5321, in octets
LOCAL_LENGTH = 64

# Most addresses there are. The library would take them and change nothing but the domain's case,
# and it takes much longer for that. What does not match is left to it, so this is narrower: no
# rare signs, no "--" as in xn--, labels and whole far below the limits of length.
PLAIN = re.compile(
    r"(?P<local>[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)"
    r"@(?P<domain>(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+(?P<top>[A-Za-z]+))"
)
PLAIN_DOMAIN_LENGTH = 63
RESERVED_TOPS = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)

ODD_BEFORE_AT = re.compile(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\U0010ffff-]")
ODD_DOTS = re.compile(r"^\.|\.\.|\.$")
ODD_DOTS_AND_HYPHENS = re.compile(r"^[.-]|\.[.-]|-\.|[.-]$")


def read_address(text: str) -> str:
    """The address as it is kept and as mail is sent to it. No query, and none of DNS.

    Blanks and unseen characters around it are dropped, letters composed (NFC). What is before the
    "@" stays as given; the domain comes in lower case and in its ASCII form (IDNA:
    `bücher.example` → `xn--bcher-kva.example`), which every mail provider takes. At most 254
    octets.

    ValidationError (`invalid`), with a sentence without the address, for what no mail server
    would take; also for quoted names, numeric domains and names that no server can have (.local).
    """
    address = trim(text)
    return plain_address(address) or any_address(address)


def plain_address(address: str) -> str | None:
    found = PLAIN.fullmatch(address)
    if (
        found is None
        or len(found["local"]) > LOCAL_LENGTH
        or len(found["domain"]) > PLAIN_DOMAIN_LENGTH
    ):
        return None
    domain = found["domain"].lower()
    if found["top"].lower() in RESERVED_TOPS:
        return None
    return f"{found['local']}@{domain}"


def any_address(address: str) -> str:
    if len(address) > LONGEST:
        raise refusal(TOO_LONG)
    try:
        found = validate_email(
            address, check_deliverability=False, allow_smtputf8=True, strict=True
        )
    except EmailNotValidError:
        raise refusal(fault_of(address)) from None
    local = address.rpartition("@")[0]  # the library lowers the names of some roles
    return f"{local}@{found.ascii_domain}"


def check_address(text: str):
    """As a validator of fields. Those that stand for erased contacts are the model's to refuse."""
    if not is_placeholder(text):
        read_address(text)


def is_role_account(address: str) -> bool:
    """Whether the mailbox is a role's and not a person's: `info@`, `sales+spring@`."""
    return address_key(address).rpartition("@")[0].partition("+")[0] in ROLE_NAMES


# -- What is wrong with it -------------------------------------------------------------------------

TOO_LONG = (
    f"The address is too long: mail servers take {ADDRESS_LENGTH} characters at most, and count "
    "those beyond ASCII several times. Correct it."
)


def refusal(sentence: str) -> ValidationError:
    return ValidationError(sentence, code="invalid")


def fault_of(address: str) -> str:
    """What is wrong with an address that was refused and what to do, in at most 200 characters.

    Never with anything of the address in it: the sentence may be logged.
    """
    return next(sentence for applies, sentence in FAULTS if applies(address))


def before(address: str) -> str:
    return address.rpartition("@")[0]


def after(address: str) -> str:
    return address.rpartition("@")[2]


def octets(address: str) -> int:
    """Of the longest of its spellings: a server may be given any of them."""
    spelling = f"{before(address)}@{in_ascii(after(address))}"
    return max(len(one.encode()) for one in (address, spelling, key_in_unicode(spelling)))


def has_unseen(address: str) -> bool:
    """Blanks, controls, and what else has no sign of its own."""
    return any(unicodedata.category(character)[0] in "CZ" for character in address)


def is_odd_before_at(address: str) -> bool:
    local = before(address)
    return bool(ODD_BEFORE_AT.search(local)) or unicodedata.category(local[0])[0] == "M"


def is_reserved(address: str) -> bool:
    domain = after(address_key(address))
    return any(f".{domain}".endswith(f".{name}") for name in SPECIAL_USE_DOMAIN_NAMES)


# The first that applies is told, so the order counts: each may rely on those before it.
FAULTS = (
    (lambda a: not a, "Give an address, such as ada@example.com."),
    (lambda a: a.lower().startswith("mailto:"), 'Leave out "mailto:". Give only the address.'),
    (lambda a: "<" in a or ">" in a,
     "Give only the address, without a name beside it and without < and >."),
    (lambda a: "@" not in a, 'There is no "@". Give the whole address, such as ada@example.com.'),
    (lambda a: a.startswith(('"', "'")) and before(a).endswith(a[0]),
     'A name in quotes is not taken before the "@". Give the address without quotes.'),
    (lambda a: a.count("@") > 1,
     'There is more than one "@". Give one address, such as ada@example.com.'),
    (has_unseen, "There is a space, a line break or an unseen character within it. Take it out."),
    (lambda a: not before(a), 'Before the "@" there is nothing. Give the whole address.'),
    (lambda a: not after(a), 'After the "@" there is nothing. Give the whole address.'),
    (is_odd_before_at, 'Before the "@" is a character that no address may have. Correct it.'),
    (lambda a: ODD_DOTS.search(before(a)),
     'Before the "@" a dot comes first, last or beside another one. Correct it.'),
    (lambda a: len(before(a)) > LOCAL_LENGTH,
     f'Before the "@" are more than {LOCAL_LENGTH} characters. Correct it.'),
    (lambda a: octets(a) > ADDRESS_LENGTH, TOO_LONG),
    (lambda a: after(a).startswith("["),
     "A number in [ ] is not taken for a domain. Give its name, such as example.com."),
    (lambda a: ODD_DOTS_AND_HYPHENS.search(after(a)),
     'After the "@" a dot or a hyphen is out of place. Correct it.'),
    (is_reserved,
     'No mail can be sent to that domain: its ending is reserved. Give the real address.'),
    (lambda a: "." not in after(address_key(a)),
     'What follows the "@" is no whole domain. Give one such as example.com.'),
    (lambda a: True, 'What follows the "@" is no domain that takes mail. Look for a slip.'),
)  # fmt: skip
