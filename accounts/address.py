"""What makes two e-mail addresses the same, for users, invitations and contacts alike."""

import unicodedata

import idna

# Longer than any address in whatever spelling. To normalise a long text can take long.
LONGEST = 1_000

BLANKS = "".join(chr(number) for number in range(0x3001) if chr(number).isspace())
# What text pasted from a page or a CRM has around it unseen: spaces of no width, marks for the
# direction of writing, soft hyphens.
UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
UNSEEN += "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"


def trim(text: str) -> str:
    """Without blanks and unseen characters around it, its letters composed (NFC)."""
    if text.isascii():
        return text.strip()
    text = text.strip(BLANKS + UNSEEN)
    return unicodedata.normalize("NFC", text) if len(text) <= LONGEST else text


def address_key(address: str) -> str:
    """Equal for addresses that mean the same mailbox.

    Trimmed and in lower case, as mail servers don't tell cases apart, and with the domain in its
    ASCII form (IDNA): `Ada@BÜCHER.example` is `ada@xn--bcher-kva.example`. Takes any text, also
    the beginning of an address or a username; what is no domain is only trimmed and lowered.
    """
    if address.isascii():
        return address.strip().lower()
    local, at, domain = trim(address).rpartition("@")
    return trim(f"{local}{at}{in_ascii(domain) if at else domain}".lower())


def key_in_unicode(key: str) -> str:
    """The key of an address as it was before domains were kept in ASCII."""
    local, at, domain = key.rpartition("@")
    try:
        return f"{local}{at}{idna.decode(domain)}"
    except UnicodeError:
        return key


def in_ascii(domain: str) -> str:
    """`bücher.example` → `xn--bcher-kva.example`; what is no domain stays as it is."""
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:  # which IDNAError is
        return domain
