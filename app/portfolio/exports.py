"""The list of products as spreadsheets: CSV, and OpenDocument with real dates and numbers."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from flask_babel import gettext as _
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from app.platform.csv_safety import defuse_formula
from app.platform.i18n import format_decimal, word
from app.portfolio.models import Glance
from risk_models.scales import PhaseName, SecurityLevel

Value = str | float | date | None


def portfolio_rows(lines: Iterable[Glance], *, addresses: bool) -> list[list[Value]]:
    """A line of titles, then one a product; `addresses`: of those who have the next act in hand."""
    titles: list[Value] = [
        _("Produit"),
        _("Identifiant"),
        _("Phase"),
        _("État"),
        _("Date de l’état"),
        _("Six mois passés sans analyse"),
        _("Homologué jusqu’au"),
        _("Niveau"),
        _("Perte par an"),
        _("Dérive depuis la signature"),
        _("Premier point de faiblesse"),
        _("Prochain acte"),
        _("À qui"),
        _("Depuis"),
        _("Pour le"),
        *([_("Adresses")] if addresses else []),
    ]
    return [titles, *([*_row(g), g.addresses] if addresses else _row(g) for g in lines)]


def _row(g: Glance) -> list[Value]:
    return [
        g.name,
        g.slug,
        word(PhaseName(g.phase)) if g.phase else "",
        word(g.state),
        g.due,
        _("oui") if g.without_analysis else _("non"),
        g.homologated_until,
        word(SecurityLevel(g.level)) if g.level else "",
        g.loss,
        g.drift,
        g.weak_point,
        word(g.next_act) if g.next_act else "",
        g.whom,
        g.since,
        g.act_due,
    ]


def to_csv(rows: Sequence[Sequence[Value]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([_text(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _text(value: Value) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return format_decimal(value, 2)
    return defuse_formula(value) if isinstance(value, str) else ""


def to_ods(rows: Sequence[Sequence[Value]], title: str) -> bytes:
    document = OpenDocumentSpreadsheet()
    sheet = Table(name=title[:31])
    for values in rows:
        row = TableRow()
        for value in values:
            row.addElement(_cell(value))
        sheet.addElement(row)
    document.spreadsheet.addElement(sheet)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _cell(value: Value) -> TableCell:
    if isinstance(value, date):
        cell = TableCell(valuetype="date", datevalue=value.isoformat())
    elif isinstance(value, float):
        cell = TableCell(valuetype="float", value=f"{value:.4f}")
    else:
        cell = TableCell(valuetype="string")
    cell.addElement(P(text=_text(value)))
    return cell
