"""What is said when something cannot be done: a problem document or a page in plain words.

Programs get RFC 9457 problem documents, people get a page that says what happened and what to do.
Neither ever carries the text of an exception, a name of a person or a line of code.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from ward_hub.displays.headers import HEADERS
from ward_hub.displays.pages import error_page
from ward_hub.displays.wire import encode


class NotSignedInError(Exception):
    """The request needs a signed-in person and has none."""


def is_for_programs(request: Request) -> bool:
    """Whether the answer is read by a program rather than a person."""
    return request.url.path.startswith(("/api/", "/stream/"))


def problem(status: int, detail: str = "", headers: dict[str, str] | None = None) -> Response:
    """An RFC 9457 problem document."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        document["detail"] = detail
    return Response(encode(document), status, headers, "application/problem+json")


async def on_http(request: Request, error: Exception) -> Response:
    """A refusal raised on purpose, or an address that does not exist."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    headers = dict(error.headers or {})
    said = "" if error.detail == HTTPStatus(error.status_code).phrase else str(error.detail)
    if is_for_programs(request):
        return problem(error.status_code, said, headers)
    return await error_page(request, error.status_code, headers)


async def on_not_signed_in(request: Request, _error: Exception) -> Response:
    """People go to the sign-in page and come back; programs are told."""
    if is_for_programs(request):
        return problem(401, "Sign in first.")
    to = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?{urlencode({'next': to})}", 303)


async def on_invalid(request: Request, error: Exception) -> Response:
    """A parameter that cannot be read. The value itself is not repeated."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    names = {str(part["loc"][-1]) for part in error.errors()}
    if is_for_programs(request):
        return problem(422, f"Cannot be read: {', '.join(sorted(names))}.")
    return await error_page(request, 404, {})


async def on_database_away(request: Request, _error: Exception) -> Response:
    """The database does not answer and the request cannot do without it."""
    headers = {"Retry-After": "5"}
    if is_for_programs(request):
        return problem(503, "The database does not answer.", headers)
    return await error_page(request, 503, headers)


async def on_defect(request: Request, _error: Exception) -> Response:
    """A defect of the hub. The server's log has the traceback.

    Starlette answers a defect outside of every layer of ours, so the headers are put on here.
    """
    headers = HEADERS | {"Cache-Control": "no-store"}
    if is_for_programs(request):
        return problem(500, headers=headers)
    return await error_page(request, 500, headers)
