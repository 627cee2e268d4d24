"""Deadlines as an iCalendar file (RFC 5545): all-day dates, stable identifiers, an alarm at each milestone."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from app.platform.i18n import word
from app.products.models import Product
from app.renewals.deadlines import Deadline

_REFRESH = timedelta(hours=12)


def make_calendar(
    title: str,
    owed: Iterable[tuple[Product, Deadline]],
    stamp: datetime,
    links: Mapping[str, str],
    revisions: Mapping[str, int],
) -> bytes:
    """The `.ics` of `owed`. `links` and `revisions` are by product: a program keeps the event of the greater SEQUENCE, and
    a product that changed more often is a later one."""
    ics = Calendar()
    ics.add("prodid", "-//Jalon//FR")
    ics.add("version", "2.0")
    ics.add("method", "PUBLISH")
    ics.add("x-wr-calname", f"Jalon – {title}")
    ics.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for product, deadline in owed:
        name = f"{word(deadline.kind)} – {product.name}"
        event = Event()
        event.add("uid", "-".join(filter(None, (product.id, deadline.kind.value, deadline.ref))) + "@jalon")
        event.add("sequence", revisions.get(product.id, 0))
        event.add("dtstamp", stamp)
        event.add("summary", name)
        event.add("description", f"{deadline.rule}\n{links[product.id]}")
        event.add("dtstart", deadline.due)
        event.add("dtend", deadline.due + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("url", links[product.id])
        for milestone in (m for m in deadline.milestones if not m.weeks_late):
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", name)
            alarm.add("trigger", timedelta(days=(milestone.day - deadline.due).days, hours=9))
            event.add_component(alarm)
        ics.add_component(event)
    return bytes(ics.to_ical())
