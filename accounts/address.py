def address_key(address: str) -> str:
    """What makes two e-mail addresses the same: mail servers don't tell cases apart."""
    return address.strip().lower()
