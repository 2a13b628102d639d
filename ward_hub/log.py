"""Structured logs: one event a line, key=value on a terminal, JSON otherwise.

No names of patients or staff, no vital signs, no secrets: identifiers only. A warning means that
somebody should look; an error means that something was lost or refused that should not have been.
"""

from __future__ import annotations

import logging
import sys
from typing import cast

import structlog

Log = structlog.stdlib.BoundLogger


def set_up(level: str = "info", *, as_json: bool | None = None) -> None:
    """Send everything to standard error. `as_json` None: JSON unless a person is watching."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    renderer: structlog.types.Processor
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s %(message)s")


def get_log(name: str) -> Log:
    """The log of one part of the hub."""
    return cast(Log, structlog.get_logger(part=name))
