"""Fixtures that every test may use. The servers behind them are in tests/services.

mosquitto          a broker of the test's own, with the shipped settings and the hub's account
postgres_dsn       an empty database on plain PostgreSQL
database           an empty database: the test runs twice, on PostgreSQL and on TimescaleDB
migrated_database  the same with the hub's schema in it
own_postgres       a cluster the test may kill and start again
chromium           a Playwright browser (async API) that reaches loopback only
shared_data        the folder of recorded patients, which is not part of the project

Without being asked for: a test that leaves a thread or a task behind fails, and so does one that
speaks to anything but loopback.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.services.browser import running_chromium
from tests.services.leftovers import tasks_left, threads_left
from tests.services.mosquitto import Mosquitto
from tests.services.network import refuse_outside_addresses
from tests.services.postgres import SETTING_OF, Cluster, OwnPostgres
from tests.services.settings import ROOT, setting

refuse_outside_addresses()

# Time limits belong to pytest-timeout; a slow machine is not a counterexample. CI tries the same
# examples each time, so that a red run can be repeated.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(autouse=True)
def _leaves_no_thread_behind() -> Iterator[None]:
    """First to be set up, so last to look: after everything else has been torn down."""
    before = threading.enumerate()
    yield
    left = threads_left(before)
    if left:
        pytest.fail(f"the test left threads running: {', '.join(left)}", pytrace=False)


@pytest.fixture(autouse=True)
def _looks_for_tasks(request: pytest.FixtureRequest, _leaves_no_thread_behind: None) -> None:
    """Only a test that runs in a loop can leave tasks in it."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_leaves_no_task_behind")


@pytest.fixture
async def _leaves_no_task_behind(_leaves_no_thread_behind: None) -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = await tasks_left(before)
    # The loop's own threads (asyncio.to_thread) end with the loop, which is after our look at them.
    await asyncio.get_running_loop().shutdown_default_executor()
    if left:
        pytest.fail("the test left tasks running: " + "; ".join(left), pytrace=False)


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    broker = Mosquitto()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture(scope="session")
def _clusters() -> Iterator[dict[str, Cluster]]:
    clusters: dict[str, Cluster] = {}
    yield clusters
    for cluster in clusters.values():
        cluster.drop_all()


def _cluster(clusters: dict[str, Cluster], kind: str) -> Cluster:
    if kind not in clusters:
        clusters[kind] = Cluster(kind, setting(SETTING_OF[kind]))
    return clusters[kind]


@pytest.fixture
def postgres_dsn(_clusters: dict[str, Cluster]) -> Iterator[str]:
    cluster = _cluster(_clusters, "postgres")
    dsn = cluster.fresh()
    yield dsn
    cluster.drop(dsn)


@pytest.fixture(params=["postgres", "timescale"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """`postgres` or `timescale`: which cluster `database` and `migrated_database` are on."""
    return str(request.param)


@pytest.fixture
def database(_clusters: dict[str, Cluster], database_kind: str) -> Iterator[str]:
    cluster = _cluster(_clusters, database_kind)
    dsn = cluster.fresh()
    yield dsn
    cluster.drop(dsn)


@pytest.fixture
def migrated_database(_clusters: dict[str, Cluster], database_kind: str) -> Iterator[str]:
    cluster = _cluster(_clusters, database_kind)
    dsn = cluster.migrated()
    yield dsn
    cluster.drop(dsn)


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    cluster = OwnPostgres()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Recorded patients: $WARD_TEST_DATA, else ../shared/data beside the project."""
    folder = Path(os.environ.get("WARD_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the recordings are not part of the project and not at {folder}")
    return folder
