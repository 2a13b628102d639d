"""Fixtures of the end-to-end tests: a hub of the test's own on a broker and a migrated database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hub_process import HubProcess, hub_on
from tests.e2e.records import Records
from tests.services.mosquitto import Mosquitto


@pytest.fixture
def hub(mosquitto: Mosquitto, migrated_database: str, tmp_path: Path) -> Iterator[HubProcess]:
    """A hub not started yet. The test runs on PostgreSQL and on TimescaleDB."""
    with hub_on(migrated_database, mosquitto, tmp_path) as process:
        yield process


@pytest.fixture
def records(migrated_database: str) -> Records:
    return Records(migrated_database)
