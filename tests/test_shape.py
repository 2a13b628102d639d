"""The shape of the code that no linter checks: sizes, and a core that never looks at the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
MAX_FUNCTION_LINES: Final = 50
MAX_FILE_LINES: Final = 400
CLOCK_CALLS: Final = frozenset({"now", "utcnow", "today"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(tree: ast.AST) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def _body_lines(function: Function) -> int:
    """Lines of the body; the signature and the docstring do not count."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _clock_readings(tree: ast.AST) -> Iterator[int]:
    """Lines that call datetime.now and its like, or anything of the time module."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        owner_name = getattr(owner, "id", getattr(owner, "attr", ""))
        is_datetime = owner_name in {"datetime", "date"} and node.func.attr in CLOCK_CALLS
        if is_datetime or owner_name == "time":
            yield node.lineno


PARSED: Final = {
    path: ast.parse(path.read_text(), str(path)) for path in _sources("ward_hub", "device_sim")
}


def test_there_is_something_to_check() -> None:
    assert len(_sources("ward_hub/core")) > 5
    assert len(PARSED) > 20


def test_files_are_short() -> None:
    lengths = {
        _name(path): len(path.read_text().splitlines())
        for path in _sources("ward_hub", "device_sim", "tests", "bench")
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    too_long = [
        f"{_name(path)}:{function.lineno} {function.name}: {_body_lines(function)} lines"
        for path, tree in PARSED.items()
        for function in _functions(tree)
        if _body_lines(function) > MAX_FUNCTION_LINES
    ]
    assert too_long == []


def test_core_reads_no_clock() -> None:
    readings = [
        f"{_name(path)}:{line}"
        for path in _sources("ward_hub/core")
        for line in _clock_readings(PARSED[path])
    ]
    assert readings == []


@pytest.mark.parametrize(
    "code",
    ["datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "time.monotonic()"],
)
def test_a_look_at_the_clock_is_seen(code: str) -> None:
    assert list(_clock_readings(ast.parse(code))) == [1]


@pytest.mark.parametrize("code", ["clock.now()", "state.today()", "datetime(2026, 1, 1)"])
def test_what_is_no_look_at_the_clock_is_let_be(code: str) -> None:
    assert list(_clock_readings(ast.parse(code))) == []


def test_modules_open_with_a_docstring() -> None:
    bare = [_name(path) for path, tree in PARSED.items() if not ast.get_docstring(tree)]
    assert bare == []
