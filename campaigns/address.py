"""E-mail addresses: how they are written, and which of them are the same addressee."""

ADDRESS_LENGTH = 254


def tidy_address(address: str) -> str:
    """The address as mail is sent to it: no spaces around it, the domain in lower case."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def address_key(address: str) -> str:
    """What makes two addresses the same addressee: mail servers don't tell cases apart."""
    return address.strip().lower()
