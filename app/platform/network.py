"""Which machines are one's own: what may be spoken to in clear."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only be this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
