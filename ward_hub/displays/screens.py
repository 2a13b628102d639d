"""What every request of the screens can reach, in one bundle on the application's state."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import ward_hub
from ward_hub.displays.deps import WebDeps
from ward_hub.displays.fanout import Fanout
from ward_hub.displays.language import Languages
from ward_hub.displays.sessions import Sessions
from ward_hub.displays.throttle import PER_ADDRESS, PER_LOGIN, Throttle

_PACKAGE: Final = Path(ward_hub.__file__).parent


def dashboards() -> Path:
    """The folder of templates and static files: inside the wheel, or beside the package."""
    inside = _PACKAGE / "_dashboards"
    return inside if inside.is_dir() else _PACKAGE.parent / "dashboards"


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(dashboards() / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )


@dataclass(frozen=True, slots=True)
class Screens:
    """The screens of one hub."""

    deps: WebDeps
    sessions: Sessions
    fanout: Fanout
    languages: Languages = field(default_factory=Languages)
    templates: Environment = field(default_factory=_templates)
    tries_by_address: Throttle = field(default_factory=lambda: Throttle(PER_ADDRESS))
    tries_by_login: Throttle = field(default_factory=lambda: Throttle(PER_LOGIN))

    @property
    def cookie(self) -> str:
        """The name of the session cookie; the prefix makes browsers insist on HTTPS."""
        return "__Host-ward_session" if self.deps.settings.cookie_secure else "ward_session"


def screens_of(request: Request) -> Screens:
    """The bundle of the application that serves this request."""
    return cast(Screens, request.app.state.screens)
