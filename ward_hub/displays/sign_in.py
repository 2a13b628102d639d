"""Signing in and out, and the choice of language.

A refused sign-in never says why: wrong password, unknown login, locked account and throttled login
look the same. Logins and passwords are never logged, and never part of an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec
from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import RedirectResponse, Response

from ward_hub.core.people import Session, SignedIn
from ward_hub.displays.access import (
    ChangeSession,
    SignedInSession,
    TheScreens,
    check_token,
    from_this_site,
    session_or_none,
)
from ward_hub.displays.deps import units_for
from ward_hub.displays.language import COOKIE, LANGUAGES
from ward_hub.displays.pages import NO_STORE, gettext_of, render
from ward_hub.displays.screens import Screens
from ward_hub.displays.sessions import session_key
from ward_hub.displays.wire import encode, time_text

router = APIRouter()

_YEAR_S: Final = 365 * 24 * 3600
_LONGEST_LOGIN: Final = 64
_LONGEST_PASSWORD: Final = 256
_OWN_PATH: Final = re.compile(r"/(?:(?:units|beds)/[A-Za-z0-9._~%-]{1,200}|about)?")


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person types to sign in."""

    login: str
    password: str


@dataclass(frozen=True, slots=True)
class _Throttled:
    wait_s: float


def own_path(text: str | None) -> str:
    """Where to go next, if it is a page of this hub; else the start. Never another site."""
    return text if text and _OWN_PATH.fullmatch(text) else "/"


@router.get("/login", include_in_schema=False)
async def sign_in_page(request: Request, screens: TheScreens, next: str = "") -> Response:  # noqa: A002
    """The form; somebody already signed in goes on."""
    if await session_or_none(request, screens):
        return RedirectResponse(own_path(next), 303)
    return render(request, "login.html", None, error=None, login="", next=own_path(next))


@router.post("/login", include_in_schema=False, dependencies=[Depends(from_this_site)])
async def sign_in(request: Request, screens: TheScreens) -> Response:
    """Sign in from the form."""
    form = await request.form()
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    given = Credentials(typed.get("login", ""), typed.get("password", ""))
    result = await _try(request, screens, given)
    if isinstance(result, SignedIn):
        answer: Response = RedirectResponse(own_path(typed.get("next")), 303)
        _set_cookie(screens, answer, result)
        return answer
    return _refused_page(request, given.login, own_path(typed.get("next")), result)


def _refused_page(
    request: Request, login: str, next_path: str, result: _Throttled | None
) -> Response:
    _ = gettext_of(request, None)
    said = _("User name or password is not right, or there were too many attempts.")
    status = 429 if result else 401
    shown = login[:_LONGEST_LOGIN]
    answer = render(request, "login.html", None, status, error=said, login=shown, next=next_path)
    if result:
        answer.headers["Retry-After"] = str(max(1, round(result.wait_s)))
    return answer


@router.post("/api/v1/session", dependencies=[Depends(from_this_site)])
async def open_session(request: Request, screens: TheScreens) -> Response:
    """Sign in with `{"login": …, "password": …}`; the cookie is the session."""
    try:
        given = msgspec.json.decode(await request.body(), type=Credentials)
    except msgspec.MsgspecError as error:
        raise HTTPException(422, "Send login and password as JSON.") from error
    result = await _try(request, screens, given)
    if isinstance(result, _Throttled):
        retry = {"Retry-After": str(max(1, round(result.wait_s)))}
        raise HTTPException(429, "Too many attempts.", retry)
    if result is None:
        raise HTTPException(401, "Login or password is not right, or too many attempts.")
    answer = _session_document(screens, result.session)
    _set_cookie(screens, answer, result)
    return answer


@router.get("/api/v1/session")
async def show_session(screens: TheScreens, session: SignedInSession) -> Response:
    """Who is signed in, and the token every change must carry."""
    return _session_document(screens, session)


@router.delete("/api/v1/session")
async def close_session(screens: TheScreens, session: ChangeSession) -> Response:
    """Sign out."""
    await screens.sessions.sign_out(session.key)
    return _without_cookie(screens, Response(status_code=204))


@router.post("/logout", include_in_schema=False)
async def sign_out(screens: TheScreens, session: ChangeSession) -> Response:
    """Sign out from a page."""
    await screens.sessions.sign_out(session.key)
    return _without_cookie(screens, RedirectResponse("/login", 303))


@router.post("/language", include_in_schema=False, dependencies=[Depends(from_this_site)])
async def set_language(request: Request, screens: TheScreens) -> Response:
    """Choose the language of this browser, and of the person when somebody is signed in."""
    form = await request.form()
    language, back = form.get("language"), form.get("next")
    if not isinstance(language, str) or language not in LANGUAGES:
        raise HTTPException(422)
    session = await session_or_none(request, screens)
    if session:
        await check_token(request, session)
        await screens.deps.accounts.set_language(session.person.id, language)
        screens.sessions.outdate(session.key)
    here = back if isinstance(back, str) else None
    to = "/login" if here == "/login" else own_path(here)
    answer = RedirectResponse(to, 303)
    secure = screens.deps.settings.cookie_secure
    answer.set_cookie(COOKIE, language, _YEAR_S, secure=secure, httponly=True, samesite="lax")
    return answer


async def _try(
    request: Request, screens: Screens, given: Credentials
) -> SignedIn | _Throttled | None:
    """Sign in, unless this address or login has tried too often; None when refused."""
    wait_s = _throttle(request, screens, given.login)
    if wait_s:
        return _Throttled(wait_s)
    if len(given.login) > _LONGEST_LOGIN or len(given.password) > _LONGEST_PASSWORD:
        return None
    old = request.cookies.get(screens.cookie)
    replaces = session_key(old) if old else None
    now = screens.deps.clock.now()
    accounts = screens.deps.accounts
    result = await accounts.sign_in(given.login, given.password, now, replaces=replaces)
    if not isinstance(result, SignedIn):
        return None
    if replaces:
        screens.sessions.drop(replaces)
    screens.sessions.hold(result.session)
    return result


def _throttle(request: Request, screens: Screens, login: str) -> float:
    """Seconds to wait before the next try; both counts are always made."""
    at_s = screens.deps.clock.monotonic_s()
    address = request.client.host if request.client else ""
    return max(
        screens.tries_by_address.wait_s(address, at_s),
        screens.tries_by_login.wait_s(login[:_LONGEST_LOGIN].casefold(), at_s),
    )


def _session_document(screens: Screens, session: Session) -> Response:
    person = session.person
    document = {
        "person": {"name": person.name, "role": person.role, "language": person.language},
        "units": units_for(person, screens.deps.live.ward()),
        "csrf": session.csrf,
        "ends_at": time_text(session.ends_at),
    }
    return Response(encode(document), headers=NO_STORE, media_type="application/json")


def _set_cookie(screens: Screens, answer: Response, signed_in: SignedIn) -> None:
    left_s = (signed_in.session.ends_at - screens.deps.clock.now()).total_seconds()
    answer.set_cookie(
        screens.cookie,
        signed_in.token,
        max_age=max(0, int(left_s)),
        path="/",
        secure=screens.deps.settings.cookie_secure,
        httponly=True,
        samesite="lax",
    )


def _without_cookie(screens: Screens, answer: Response) -> Response:
    answer.delete_cookie(
        screens.cookie, secure=screens.deps.settings.cookie_secure, httponly=True, samesite="lax"
    )
    return answer
