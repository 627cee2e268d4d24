"""Structured logs: readable lines in development, JSON in production, a request id on each."""

import logging
import re
import sys

import structlog


def configure_logs(*, development: bool) -> None:
    renderer = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if development
        else structlog.processors.JSONRenderer()
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _hide_values, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


# PostgreSQL repeats there the row that it refused.
_DETAIL = re.compile(r"^DETAIL: .*$", re.MULTILINE)


def _hide_values(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if isinstance(event.get("exception"), str):
        event["exception"] = _DETAIL.sub("DETAIL: hidden", event["exception"])
    return event


def get_logger() -> structlog.typing.FilteringBoundLogger:
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def note_security(event: str, **values: object) -> None:
    """A line that whoever watches over this Jalon looks for: a proof refused, a door that stayed closed."""
    get_logger().warning(event, security=True, **values)
