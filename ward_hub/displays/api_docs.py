"""A page that lists the JSON interface, without scripts or anything from another site."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, JSONResponse, Response

router = APIRouter(include_in_schema=False)

_PAGE: Final = Environment(autoescape=True).from_string(
    """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/base.css">
<link rel="stylesheet" href="/static/css/plain.css"></head>
<body class="plain"><main class="box broad">
<h1>{{ title }}</h1>
<p>The whole description for programs: <a href="/api/openapi.json">OpenAPI (JSON)</a>.
Sign in with <code>POST /api/v1/session</code>; every change carries the <code>csrf</code> of
its answer as <code>X-CSRF-Token</code>.</p>
{% for way in ways %}
<h2><code>{{ way.method }} {{ way.path }}</code></h2>
<p>{{ way.text }}</p>
{% if way.parameters %}<ul>{% for each in way.parameters %}
<li><code>{{ each.name }}</code> ({{ each.where }}{{ ", required" if each.required }})</li>
{% endfor %}</ul>{% endif %}
{% endfor %}
</main></body></html>"""
)


@router.get("/api/openapi.json")
async def openapi(request: Request) -> Response:
    """The OpenAPI description."""
    return JSONResponse(request.app.openapi())


@router.get("/api/docs")
async def docs(request: Request) -> Response:
    """The list of all ways to ask."""
    described = request.app.openapi()
    ways = [
        _way(path, method, way)
        for path, methods in described["paths"].items()
        for method, way in methods.items()
    ]
    return HTMLResponse(_PAGE.render(title=described["info"]["title"], ways=ways))


def _way(path: str, method: str, way: dict[str, Any]) -> dict[str, object]:
    return {
        "path": path,
        "method": method.upper(),
        "text": way.get("description") or way.get("summary", ""),
        "parameters": [
            {"name": each["name"], "where": each["in"], "required": each.get("required", False)}
            for each in way.get("parameters", [])
        ],
    }
