"""A furnished ward and a desk that gives orders to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.registry.beds import Desk, furnish
from ward_hub import pg
from ward_hub.registry.stays import Pool


@pytest.fixture
def furnished(migrated_database: str) -> str:
    furnish(migrated_database)
    return migrated_database


@pytest.fixture
async def pool(furnished: str) -> AsyncIterator[Pool]:
    async with pg.pool(furnished, "test", max_size=3) as opened:
        yield opened


@pytest.fixture
def desk(pool: Pool) -> Desk:
    return Desk(pool)
