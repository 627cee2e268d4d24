"""Which machines are one's own: what may be spoken to in clear."""

import ipaddress
import re


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, can only be this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_reachable_name(host: str) -> bool:
    """Whether others can reach this host: a name with a domain, or an address that is not this machine's own."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return re.fullmatch(r"([a-z0-9-]+\.)+[a-z][a-z0-9-]*", host) is not None
    return not (address.is_loopback or address.is_unspecified)
