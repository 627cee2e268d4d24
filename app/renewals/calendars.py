"""Deadlines as an iCalendar file: all-day dates, stable identifiers, an alarm at each milestone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from app.platform.i18n import word
from app.products.models import Product
from app.renewals.services import Deadline


def calendar(product: Product, found: Sequence[Deadline], stamp: datetime, link: str) -> bytes:
    """The `.ics` of one product's deadlines."""
    ics = Calendar()
    ics.add("prodid", "-//Jalon//FR")
    ics.add("version", "2.0")
    ics.add("method", "PUBLISH")
    for deadline in found:
        event = Event()
        event.add("uid", "-".join(filter(None, (product.id, deadline.kind.value, deadline.ref))) + "@jalon")
        event.add("dtstamp", stamp)
        event.add("summary", f"{word(deadline.kind)} – {product.name}")
        event.add("description", f"{deadline.rule}\n{link}")
        event.add("dtstart", deadline.due)
        event.add("dtend", deadline.due + timedelta(days=1))
        event.add("url", link)
        for milestone in deadline.milestones:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", f"{word(deadline.kind)} – {product.name}")
            alarm.add("trigger", timedelta(days=(milestone.day - deadline.due).days, hours=9))
            event.add_component(alarm)
        ics.add_component(event)
    return bytes(ics.to_ical())
