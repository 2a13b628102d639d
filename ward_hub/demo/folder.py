"""Where a demo keeps its database and passwords, so that the next start is the same ward."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Final

LONGEST_PATH: Final = 80
"""A socket's path may have 107 bytes, and the database adds some to the folder's."""


def choose_folder(project: Path, uid: int) -> Path:
    """`.demo` in the project; elsewhere when the embedded PostgreSQL could not live there.

    It refuses to run as root and then runs as an account of its own, which must be able to walk to
    the folder; and it cannot have a space in its path.
    """
    wanted = project / ".demo"
    text = str(wanted)
    if " " not in text and len(text) <= LONGEST_PATH and (uid or _is_open_to_all(project)):
        return wanted
    key = hashlib.sha256(text.encode()).hexdigest()[:8]
    base = Path("/var/lib") if uid == 0 else Path(tempfile.gettempdir())
    return base / f"ward-hub-demo-{uid}-{key}"


def _is_open_to_all(folder: Path) -> bool:
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def prepare_folder(folder: Path, *, fresh: bool) -> None:
    """Make the folder, private but for the walk to the database; empty when `fresh`."""
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whatever was there before."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
