"""dashlord's `report.json` and `dashlord.yml`: which site is which product, and what was seen on it.

What a scanner sees from outside is never a fact about a product: it becomes a sighting that a person confirms.
Format: SocialGouv/dashlord-actions (report/www/src/report.json, dashlord.yml).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from app.evidence.kinds import SightingKind
from app.platform.foreign_json import as_text, load_json
from app.platform.i18n import language
from app.platform.refusals import Refusal, unreadable_json
from risk_models.product_file import source_yaml
from risk_models.rules.limits import FILE_BYTES

MAX_YAML = 2_000_000

# Technologies that a scan names and that nobody patches: protocols, headers, techniques.
_NOT_COMPONENTS = frozenset({"hsts", "http-3", "http-2", "open-graph", "pwa", "webpack", "priority-hints", "rss"})
# Resolved by the browser itself or the product's own front: a third party is what belongs to somebody else.
_SUFFIXES_OF_TWO = frozenset({"gouv.fr", "co.uk", "com.au"})


@dataclass(frozen=True, slots=True)
class SeenThing:
    """One thing seen on a site."""

    kind: SightingKind
    name: str
    version: str = ""
    cpe: str = ""
    seen_on: str = ""


@dataclass
class Site:
    """One address of dashlord's list, and what its tools saw there; `dated` by the only tool that says when."""

    url: str
    beta_id: str
    repositories: tuple[str, ...]
    seen: list[SeenThing] = field(default_factory=list)
    dated: date | None = None

    @property
    def host(self) -> str:
        return host_of(self.url)


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def is_host_of(site: str, told: object) -> bool:
    """Whether a host, as a scanner writes it, is that of the site or a name below it; where none is told, it is."""
    text = as_text(told).strip()
    host = host_of(text if "://" in text else f"//{text}").rstrip(".") if text else ""
    return not host or host == host_of(site) or host.endswith(f".{host_of(site)}")


def read_dashlord(content: bytes) -> tuple[list[Site], list[str]]:
    """The sites of a report or a configuration, and what was left out of it. Raises `Refusal` at the field `file`."""
    items, odd = read_items(content)
    return [site for _, site in items], odd


def read_items(content: bytes) -> tuple[list[tuple[Mapping[str, object], Site]], list[str]]:
    """As `read_dashlord`, each site beside all that the file says of it."""
    if len(content) > FILE_BYTES:
        raise Refusal(_l("Ce fichier est trop grand : 30 Mo au plus."), "file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(_l("Ce fichier n’est pas un texte en UTF-8."), "file") from None
    found = _parsed(text)
    items = found.get("urls") if isinstance(found, Mapping) else found
    if not isinstance(items, list) or not any(isinstance(i, Mapping) and isinstance(i.get("url"), str) for i in items):
        raise Refusal(
            _l("Ce n’est ni un report.json ni un dashlord.yml : on y attend une liste d’adresses (« url »)."), "file"
        )
    found_items, odd = [], []
    for number, item in enumerate(items, start=1):
        url = item.get("url") if isinstance(item, Mapping) else None
        if not isinstance(url, str) or not host_of(url):
            odd.append(f"{number} : {str(url)[:80] if isinstance(url, str) else '?'}")
            continue
        found_items.append((item, _site(item, url)))
    return found_items, odd


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parsed(text: str) -> Any:
    if text.lstrip().startswith(("[", "{")):
        try:
            return load_json(text, _no_constant)
        except (ValueError, RecursionError) as error:
            raise unreadable_json(error) from error
    if len(text) > MAX_YAML:
        raise Refusal(_l("Ce fichier YAML est trop grand : 2 Mo au plus."), "file")
    try:
        documents = source_yaml.load_documents(text, 40, 200_000)
    except source_yaml.UnreadableYaml as error:
        why = LazyString(lambda said=error.text: said(language()))
        raise Refusal(
            _l("Ce fichier n’est pas lisible, ligne %(line)d : %(why)s.", line=error.line, why=why), "file"
        ) from error
    lists = [d.get("urls") if isinstance(d, Mapping) else d for d in documents]
    return [item for listed in lists if isinstance(listed, list) for item in listed]


def _site(item: Mapping[str, object], url: str) -> Site:
    repositories = tuple(_repository(r) for r in as_rows(item.get("repositories")) if isinstance(r, str))
    site = Site(url.strip()[:500], as_text(item.get("betaId")), tuple(r for r in repositories if r))
    seen = [*_technologies(item, site), *_third_parties(item, site), *_banners(item, site), *_images(item, site)]
    by_name: dict[str, SeenThing] = {}
    for one in seen:  # a banner says the version that a page hid
        known = by_name.get(one.name.lower())
        if known is None or (one.version and not known.version):
            by_name[one.name.lower()] = one
    site.seen = list(by_name.values())
    site.dated = http_day(response_headers(item).get("date")) or http_day(
        as_map(as_map(item.get("thirdparties")).get("headers")).get("date")
    )
    return site


def response_headers(item: Mapping[str, object]) -> dict[str, str]:
    """The headers that a site answered, by name in lower case, in either shape of the result of `http`."""
    http = as_map(item.get("http"))
    given = as_map(as_map(http.get("scan")).get("responseHeaders")) or as_map(http.get("response_headers"))
    return {str(name).lower(): as_text(value) for name, value in given.items()}


def _repository(text: str) -> str:
    """owner/name, whether written so or as an address."""
    return re.sub(r"^https?://[^/]+/|\.git$|/$", "", text.strip()).lower()[:200]


def _technologies(item: Mapping[str, object], site: Site) -> Iterator[SeenThing]:
    for found in as_rows(as_map(item.get("wappalyzer")).get("technologies")):
        slug, name = as_text(as_map(found).get("slug")), as_text(as_map(found).get("name"))
        if name and slug not in _NOT_COMPONENTS:
            yield SeenThing(
                SightingKind.TECHNOLOGY,
                name,
                as_text(found.get("version"))[:100],
                as_text(found.get("cpe"))[:500],
                site.url,
            )


def _third_parties(item: Mapping[str, object], site: Site) -> Iterator[SeenThing]:
    own = _domain(site.host)
    for found in as_rows(as_map(item.get("thirdparties")).get("endpoints")):
        host = as_text(as_map(found).get("hostname")).lower()
        if host and _domain(host) != own:
            country = as_text(as_map(as_map(as_map(found.get("geoip")).get("country")).get("names")).get("fr"))
            yield SeenThing(
                SightingKind.THIRD_PARTY,
                _domain(host),
                seen_on=f"{site.url} → {host}" + f" ({country})" * bool(country),
            )


def _domain(host: str) -> str:
    """What is bought of a host name: its last two labels, three where the suffix itself has two."""
    if re.fullmatch(r"[\d.]+|[\da-f:]+", host):
        return host
    parts = host.split(".")
    return ".".join(parts[-3:] if ".".join(parts[-2:]) in _SUFFIXES_OF_TWO else parts[-2:])


def _banners(item: Mapping[str, object], site: Site) -> Iterator[SeenThing]:
    for port in as_rows(as_map(item.get("nmap")).get("open_ports")):
        service = as_map(as_map(port).get("service"))
        product = as_text(service.get("product"))
        if product:
            where = f"{site.host}:{as_text(service.get('id'))}"
            yield SeenThing(SightingKind.BANNER, product, as_text(service.get("version"))[:100], seen_on=where)


def _images(item: Mapping[str, object], site: Site) -> Iterator[SeenThing]:
    for image in as_rows(item.get("docker")):
        name, _, tag = as_text(image).partition(":")
        if name:
            yield SeenThing(SightingKind.IMAGE, name, tag[:100], seen_on=site.url)


def as_map(value: Any) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def as_rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def http_day(value: Any) -> date | None:
    try:
        return parsedate_to_datetime(value).date() if isinstance(value, str) else None
    except (ValueError, TypeError):
        return None
