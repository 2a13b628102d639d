"""Where the test run's servers are: the WARD_TEST_... settings that scripts/services prints.

A server that is not there fails the test that needs it. It is never a reason to skip.
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_EXPORT = re.compile(r"^export (WARD_TEST_\w+)='(.*)'$", re.MULTILINE)


@cache
def _printed() -> dict[str, str]:
    """What `scripts/services env` says, so that a bare `pytest` finds services already started."""
    command = [str(ROOT / "scripts" / "services"), "env"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return dict(_EXPORT.findall(answer.stdout))


def setting(name: str) -> str:
    """The value of a WARD_TEST_... setting; fails the test in words when there is none."""
    value = os.environ.get(name) or _printed().get(name)
    if not value:
        pytest.fail(
            f"{name} is not known. Run scripts/test, or first:"
            " scripts/services install && scripts/services start",
            pytrace=False,
        )
    return value
