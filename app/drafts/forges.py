"""The archive of a public repository, through its forge's own address for that; only forges that settings allow."""

import re
import urllib.error
import urllib.request
from collections.abc import Collection
from typing import Any
from urllib.parse import quote, urlsplit

from risk_models.draft import UnreadableTree

_MOST_BYTES = 200_000_000
_TIMEOUT_SECONDS = 15
_GITHUB = "https://github.com"
# Where GitHub sends whoever asks it for an archive.
_GITHUB_SENDS_TO = ("https://api.github.com", "https://codeload.github.com")


class _Within(urllib.request.HTTPRedirectHandler):
    """Follows a forge to its own addresses only."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if _origin(newurl) not in self._allowed:
            raise urllib.error.URLError("redirected elsewhere")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def archive_of(address: str, forges: Collection[str]) -> bytes:
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
    opener = urllib.request.build_opener(_Within(allowed))
    request = urllib.request.Request(asked, headers={"User-Agent": "Jalon"})  # noqa: S310 - on an allowed forge
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            content: bytes = answer.read(_MOST_BYTES + 1)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise UnreadableTree("not_reachable", why=getattr(error, "code", None) or type(error).__name__) from error
    if len(content) > _MOST_BYTES:
        raise UnreadableTree("too_large", files="500 000", most=0.2)
    return content
