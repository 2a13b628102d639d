"""Rendering: what every template is given, and the page that says something went wrong.

Numbers are never rendered here; a page fetched from a cache or printed would look live. The
stream fills them in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse

from ward_hub.core.people import Session
from ward_hub.displays.deps import units_for
from ward_hub.displays.language import COOKIE, LANGUAGES, choose
from ward_hub.displays.screens import Screens, screens_of
from ward_hub.displays.sessions import DATABASE_AWAY

Gettext = Callable[[str], str]

NO_STORE: Final = {"Cache-Control": "no-store"}


def language_of(request: Request, session: Session | None) -> str:
    """The language of the answer."""
    own = session.person.language if session else None
    return choose(own, request.cookies.get(COOKIE), request.headers.get("accept-language"))


def gettext_of(request: Request, session: Session | None) -> Gettext:
    """The translating function for the answer."""
    return screens_of(request).languages.texts(language_of(request, session)).gettext


def render(
    request: Request, template: str, session: Session | None, status: int = 200, **values: object
) -> HTMLResponse:
    """A page from a template, with the `page` object every template uses."""
    screens = screens_of(request)
    language = language_of(request, session)
    texts = screens.languages.texts(language)
    html = screens.templates.get_template(template).render(
        page=_page(screens, session, language),
        _=texts.gettext,
        gettext=texts.gettext,
        ngettext=texts.ngettext,
        **values,
    )
    return HTMLResponse(html, status, NO_STORE | {"Content-Language": language})


def _page(screens: Screens, session: Session | None, language: str) -> dict[str, Any]:
    person = session.person if session else None
    return {
        "language": language,
        "languages": LANGUAGES,
        "csrf": session.csrf if session else "",
        "person": {"name": person.name, "role": person.role.value} if person else None,
        "version": screens.deps.settings.version,
        "timezone": screens.deps.settings.timezone,
        "units": units_for(person, screens.deps.live.ward()) if person else [],
    }


async def error_page(request: Request, status: int, headers: dict[str, str]) -> HTMLResponse:
    """What happened and what to do, in plain words; it must work whatever else does not."""
    screens = screens_of(request)
    try:
        session = await screens.sessions.find(request.cookies.get(screens.cookie))
    except DATABASE_AWAY:
        session = None
    title, what, what_to_do = _words(status, gettext_of(request, session))
    answer = render(
        request,
        "error.html",
        session,
        status,
        title=title,
        what=what,
        what_to_do=what_to_do,
        home="/",
    )
    answer.headers.update(headers)
    return answer


def _words(status: int, _: Gettext) -> tuple[str, str, str]:
    match status:
        case 403:
            return (
                _("You may not do this"),
                _("Your account has no rights here, or the page was open for too long."),
                _("Load the page again. If that does not help, ask your administrator."),
            )
        case 404:
            return (
                _("This page does not exist"),
                _("The address is wrong, or the bed or unit is no longer there."),
                _("Go back to the start and choose again."),
            )
        case 429:
            return (_("Too many attempts"), "", _("Wait a minute, then try again."))
        case 503:
            return (
                _("The hub cannot read its records now"),
                _("The database does not answer. Screens that are already open go on."),
                _("Try again in a moment. If it lasts, call the biomedical engineer."),
            )
        case _:
            return (
                _("Something went wrong"),
                _("The hub could not do what was asked."),
                _("Try again. If it happens again, call the biomedical engineer."),
            )
