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
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _set_up_libraries(shared, renderer)


def _set_up_libraries(
    shared: list[structlog.types.Processor], renderer: structlog.types.Processor
) -> None:
    """What libraries log comes out in the same form: one line each, warnings and worse."""
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


def get_log(name: str) -> Log:
    """The log of one part of the hub."""
    return cast(Log, structlog.get_logger(part=name))
