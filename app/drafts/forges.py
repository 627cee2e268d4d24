"""The archive of a public repository, through its forge's own address for that; only forges that settings allow."""

import re
from collections.abc import Collection
from urllib.parse import quote

from app.platform.outbound import Unreachable, ask_address
from risk_models.draft import UnreadableTree

_MOST_BYTES = 200_000_000
_GITHUB = "https://github.com"
# Where GitHub sends whoever asks it for an archive.
_GITHUB_SENDS_TO = ("https://api.github.com", "https://codeload.github.com")


def archive_of(address: str, forges: Collection[str], private_hosts: Collection[str]) -> bytes:
    """The archive of the repository at `address`, on one of `forges` (origins). Raises `UnreadableTree`."""
    match = re.fullmatch(r"(https?://[^/\s@]+)/([\w.-]+(?:/[\w.-]+)+)/?", address.strip())
    if not match or match[1] not in forges or ".." in match[2]:
        raise UnreadableTree("not_a_forge", hosts=", ".join(sorted(forges)))
    origin, path = match[1], match[2].removesuffix(".git")
    if origin == _GITHUB:
        asked = f"https://api.github.com/repos/{path}/tarball"
        allowed: tuple[str, ...] = _GITHUB_SENDS_TO
    else:
        asked = f"{origin}/api/v4/projects/{quote(path, safe='')}/repository/archive.tar.gz"
        allowed = (origin,)
    try:
        answer = ask_address(
            asked, {"Accept": "*/*"}, private_hosts=private_hosts, redirects_to=allowed, most=_MOST_BYTES
        )
    except Unreachable as error:
        if error.code == "too_large":
            raise UnreadableTree("too_large", files="500 000", most=0.2) from error
        raise UnreadableTree("not_reachable", why=error.code) from error
    if answer.status != 200:
        raise UnreadableTree("not_reachable", why=answer.status)
    return answer.body
