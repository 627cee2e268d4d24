"""The inventory as CSV, for people who live in spreadsheets: one row a component, given out and taken in.

Excel in French opens semicolons and needs the byte order mark to see UTF-8; LibreOffice reads both. A text that
a spreadsheet would run as a formula is preceded by an apostrophe, taken off again on the way in (OWASP, CSV injection).
"""

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l

from app.inventory.services import RESERVED_REFS
from app.platform.csv_safety import FORMULA, defuse_formula
from app.platform.refusals import Refusal
from app.products.services import slug_of
from risk_models import catalogue, product_file
from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.scales import ComponentKind, DataKind, Exposure, Hosting, Location, Patcher
from risk_models.system import Component, EndOfLife, System, extra_of

_MOST_ROWS = 5_000
_EXTRA = {"patched_by_reason": "x-patched-by-reason", "owner": "x-owner", "emergency": "x-emergency"}
COLUMNS = (
    "id",
    "name",
    "kind",
    "hosting",
    "exposure",
    "patched_by",
    "patched_by_reason",
    "supplier",
    "version",
    "purl",
    "cpe",
    "eol_product",
    "eol_cycle",
    "eol_date",
    "data",
    "location",
    "owner",
    "emergency",
)


def write_sheet(system: System) -> bytes:
    """The components of `system`, ready for a spreadsheet; what was assumed is left empty, for somebody to say."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for c in system.components:
        extra, eol = product_file.extra_dict(c.extra), c.eol or EndOfLife()
        row = {
            "id": c.id,
            "name": c.name,
            "kind": c.kind.value,
            "hosting": c.hosting.value,
            "exposure": c.exposure.value,
            "patched_by": c.patched_by.value,
            "supplier": c.supplier,
            "version": c.version,
            "purl": c.purl,
            "cpe": c.cpe,
            "eol_product": eol.product,
            "eol_cycle": eol.cycle,
            "eol_date": eol.date.isoformat() if eol.date else None,
            "data": " ".join(d.value for d in c.data),
            "location": c.location.value if c.location else None,
        } | {column: text for column, key in _EXTRA.items() if isinstance(text := extra.get(key, ""), str)}
        writer.writerow(
            [defuse_formula(str(row.get(column) or "") if column not in c.assumed else "") for column in COLUMNS]
        )
    return ("\ufeff" + out.getvalue()).encode()


def _plain(text: str) -> str:
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith((*FORMULA, "'")) else text


def read_sheet(text: str, system: System) -> System:
    """`system` with the components that a spreadsheet describes: new ones added, known ones changed, none removed.

    Rows are recognised by `id`, else by name; a column that is not there changes nothing. Raises `Refusal`.
    """
    rows = _rows(text)
    by_id = {c.id: c for c in system.components}
    by_name = {c.name.lower(): c.id for c in system.components}
    told: dict[str, int] = {}
    for line, row in rows:
        name, ref = row.get("name", ""), row.get("id", "")
        known = by_id.get(ref or by_name.get(name.lower(), ""))
        if known is None:
            if not name and not ref:
                raise _refusal(line, "name", _l("donnez un nom ou un identifiant"))
            known = _new(line, row, ref or _free(slug_of(name), {*by_id, *RESERVED_REFS}))
        if known.id in told:
            raise _refusal(line, "name", _l("déjà décrit ligne %(line)d", line=told[known.id]))
        told[known.id] = line
        by_id[known.id] = _changed(line, known, row)
        by_name[by_id[known.id].name.lower()] = known.id
    return replace(system, components=tuple(by_id.values()))


def _rows(text: str) -> list[tuple[int, dict[str, str]]]:
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    delimiter = max(";,\t", key=head.count)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Refusal(
            _l("Ce CSV n’est pas lisible : vérifiez les guillemets (%(why)s).", why=str(error)), "file"
        ) from error
    names = [name.strip().lower() for name in lines[0]] if lines else []
    if not {"name", "id"} & set(names):
        raise Refusal(
            _l("La première ligne doit nommer les colonnes, dont « name » ou « id » : exportez d’abord le CSV."), "file"
        )
    unknown = [name for name in names if name and name not in COLUMNS]
    if unknown:
        raise Refusal(
            _l(
                "Colonne inconnue : « %(name)s ». Les colonnes sont : %(all)s.",
                name=unknown[0][:60],
                all=", ".join(COLUMNS),
            ),
            "file",
        )
    if len(lines) > _MOST_ROWS:
        raise Refusal(_l("Ce CSV a plus de %(most)d lignes.", most=_MOST_ROWS), "file")
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if len(cells) > len(names) and any(c.strip() for c in cells[len(names) :]):
            raise _refusal(line, "", _l("plus de cellules que de colonnes"))
        if any(cell.strip() for cell in cells):
            rows.append((line, {n: _plain(cell) for n, cell in zip(names, cells, strict=False) if n}))
    if not rows:
        raise Refusal(_l("Ce CSV ne contient aucun composant."), "file")
    return rows


def _refusal(line: int, column: str, why: object) -> Refusal:
    return Refusal(
        _l("Ligne %(line)d, colonne « %(column)s » : %(why)s.", line=line, column=column or "?", why=why), "file"
    )


def _free(wanted: str, taken: Collection[str]) -> str:
    number, ref = 2, wanted
    while ref in taken:
        ref, number = f"{wanted}-{number}", number + 1
    return ref


def _new(line: int, row: Mapping[str, str], ref: str) -> Component:
    kind = _member(line, "kind", row.get("kind", ""), ComponentKind)
    if kind is None:
        raise _refusal(line, "kind", _l("dites la nature de ce nouveau composant"))
    hosting, exposure = catalogue.defaults_by_kind()[kind]
    given = _member(line, "hosting", row.get("hosting", ""), Hosting) or hosting
    assumed = tuple(field for field in ("hosting", "exposure", "patched_by") if not row.get(field))
    return Component(
        ref[:100], row.get("name") or ref, kind, given, exposure, product_file.derived_patcher(given), assumed=assumed
    )


def _changed(line: int, c: Component, row: Mapping[str, str]) -> Component:
    """`c` with what the cells of a row say. An empty cell empties what may be empty, and keeps the rest."""
    readers: dict[str, Callable[[str], Any]] = {
        "kind": lambda t: _member(line, "kind", t, ComponentKind) or c.kind,
        "hosting": lambda t: _member(line, "hosting", t, Hosting) or c.hosting,
        "exposure": lambda t: _member(line, "exposure", t, Exposure) or c.exposure,
        "patched_by": lambda t: _member(line, "patched_by", t, Patcher) or c.patched_by,
        "location": lambda t: _member(line, "location", t, Location),
        "name": lambda t: t or c.name,
        "purl": lambda t: _purl(line, t),
        "data": lambda t: _data(line, t),
    } | {column: lambda t: t or None for column in ("supplier", "version", "cpe")}
    values = {column: read(row[column]) for column, read in readers.items() if column in row}
    said = {column for column in ("hosting", "exposure", "patched_by", "name") if row.get(column)}
    changed = replace(c, **values, assumed=tuple(f for f in c.assumed if f not in said))
    if "hosting" in said and not row.get("patched_by") and "patched_by" in changed.assumed:
        changed = replace(changed, patched_by=product_file.derived_patcher(changed.hosting))
    return replace(changed, eol=_end_of_life(line, c.eol, row), extra=_extra(c, row))


def _data(line: int, text: str) -> tuple[DataKind, ...]:
    """Kinds of data between commas; codes may also stand between spaces."""
    codes = {kind.value for kind in DataKind}
    words = text.split() if set(text.lower().split()) <= codes else text.split(",")
    return tuple(dict.fromkeys(m for word in words if (m := _member(line, "data", word, DataKind))))


def _day(text: str) -> date | None:
    """A day as 2026-03-01, or 01/03/2026 as spreadsheets in French write it."""
    if not text:
        return None
    if found := re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", text):
        return date(int(found[3]), int(found[2]), int(found[1]))
    return date.fromisoformat(text)


def _end_of_life(line: int, eol: EndOfLife | None, row: Mapping[str, str]) -> EndOfLife | None:
    was = eol or EndOfLife()
    day = was.date
    if "eol_date" in row:
        try:
            day = _day(row["eol_date"])
        except ValueError:
            raise _refusal(line, "eol_date", _l("écrivez la date ainsi : 2026-03-01")) from None
    found = EndOfLife(
        row.get("eol_product", was.product) or None, row.get("eol_cycle", was.cycle) or None, day, was.extra
    )
    return found if (found.product or found.cycle or found.date) else None


def _extra(c: Component, row: Mapping[str, str]) -> Any:
    extra = product_file.extra_dict(c.extra)
    for column, key in _EXTRA.items():
        is_text = isinstance(extra.get(key, ""), str)  # what is none is left out of the spreadsheet
        if column in row and (row[column] or is_text):
            extra.pop(key, None)
            extra |= {key: row[column]} if row[column] else {}
    return extra_of(extra)


def _purl(line: int, text: str) -> str | None:
    try:
        return text if text and split_purl(text) else None
    except UnreadableName:
        raise _refusal(line, "purl", _l("ce n’est pas un purl, exemple : pkg:npm/next@15.1.0")) from None


def _member(line: int, column: str, text: str, of: type[StrEnum]) -> Any:
    """A member by its code or by its word in either language; None for an empty cell."""
    wanted = text.strip().lower()
    if not wanted:
        return None
    for member in of:
        if wanted in {
            str(member.value).lower(),
            *(catalogue.word(member, lang).lower() for lang in catalogue.LANGUAGES),
        }:
            return member
    known = ", ".join(str(member.value) for member in of)
    raise _refusal(line, column, _l("« %(text)s » n’est pas une des réponses : %(known)s", text=text[:40], known=known))
