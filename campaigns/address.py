"""How the e-mail address of a contact is kept. What makes two the same: accounts/address.py."""

ADDRESS_LENGTH = 254


def tidy_address(address: str) -> str:
    """The address as mail is sent to it: no spaces around it, the domain in lower case."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"
