"""Orders about stays and devices over HTTP: who may, what is answered, what is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.displays.ward import START, House, a_house
from tests.displays.wire_reader import browser
from tests.registry.beds import furnish, rows
from ward_hub import pg
from ward_hub.core.ids import UnitId
from ward_hub.core.people import Role
from ward_hub.displays.deps import WebDeps
from ward_hub.registry.audit import Audit
from ward_hub.registry.devices import Devices
from ward_hub.registry.picture import load_ward
from ward_hub.registry.stays import Stays

ADMIT = {"bed": "noi-3-01", "record_number": "BN-1", "name": "Phạm Thị Dung", "why": "new"}
DEVICE = {"id": "mon-new", "model": "Sim", "udi": "(01)0950", "calibration_due": "2027-01-31"}


@pytest.fixture
def database_kind() -> str:
    """The ways in do not depend on the kind of server."""
    return "postgres"


@pytest.fixture
async def house(migrated_database: str) -> AsyncIterator[House]:
    furnish(migrated_database)
    async with pg.pool(migrated_database, "test", max_size=2) as pool:
        houses: list[House] = []

        async def refresh() -> None:
            houses[0].live.map = await load_ward(pool, houses[0].clock.now())

        def with_registry(deps: WebDeps) -> WebDeps:
            return replace(
                deps,
                pool=pool,
                stays=Stays(pool),
                devices=Devices(pool),
                audit=Audit(pool),
                refresh=refresh,
            )

        house = a_house(with_registry)
        houses.append(house)
        for login, role in (("mai", Role.CHARGE_NURSE), ("son", Role.DOCTOR)):
            hoa = house.accounts.people["hoa"]
            house.accounts.people[login] = replace(hoa, role=role)
        icu = frozenset({UnitId("icu")})
        house.accounts.people["lan"] = replace(house.accounts.people["lan"], units=icu)
        await refresh()
        yield house


async def send(
    house: House, method: str, path: str, body: object = None, login: str = "hoa"
) -> Any:
    headers = house.changing(login) if login else {"sec-fetch-site": "same-origin"}
    async with browser(house.app) as client:
        return await client.request(method, f"/api/v1/{path}", json=body, headers=headers)


async def test_a_patient_from_admission_to_discharge(house: House) -> None:
    made = await send(house, "POST", "stays", ADMIT)
    assert made.status_code == 201
    assert made.json() == {
        "change": 1,
        "kind": "admit",
        "at": "2026-11-22T07:00:00.000Z",
        "stays": [1],
        "beds": ["noi-3-01"],
        "undo_until": "2026-11-22T07:15:00.000Z",
        "samples_moved": 0,
    }
    house.clock.advance(60)
    move = {"from_bed": "noi-3-01", "to_bed": "icu-01"}
    assert (await send(house, "POST", "stays/1/transfer", move)).status_code == 200
    stay = house.live.map.stay(house.live.map.stays[next(iter(house.live.map.stays))][0].id)
    assert stay is not None
    assert stay.bed == "icu-01"
    undone = await send(house, "POST", "stays/changes/2/undo", {"why": "wrong bed"})
    assert undone.json()["kind"] == "undo"
    ended = await send(house, "POST", "stays/1/discharge", {"bed": "noi-3-01"})
    assert ended.status_code == 200
    assert house.live.map.stay_on(house.live.map.beds_of(UnitId("noi-3"))[0].id, START) is not None


async def test_what_is_refused_is_told_in_words_and_for_programs(
    house: House, migrated_database: str
) -> None:
    await send(house, "POST", "stays", ADMIT)
    other = {**ADMIT, "record_number": "BN-2", "name": "Lê Văn Bình"}
    got = await send(house, "POST", "stays", other)
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The bed is taken.",
        "reason": "bed_taken",
    }
    assert rows(migrated_database, "SELECT outcome, why FROM audit ORDER BY id") == [
        ("done", "new"),
        ("refused: bed_taken", "new"),
    ]


BODIES = {
    "a field nobody knows": {**ADMIT, "sx": "F"},
    "a time without a zone": {**ADMIT, "at": "2026-11-22T07:00:00"},
    "no bed": {"record_number": "BN-1"},
    "no such sex": {**ADMIT, "sex": "Q"},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_body_that_cannot_be_read_is_a_422(house: House, body: object) -> None:
    assert (await send(house, "POST", "stays", body)).status_code == 422


VIEWERS = ("", "hoa", "mai", "son", "lan", "minh", "an", "thu")
# Columns: nobody; nurse, charge nurse, doctor of noi-3; nurse of icu; engineer; administrator;
# family desk of noi-3. The stay is on noi-3-02.
NOI_ONLY = (401, 200, 200, 200, 403, 403, 403, 403)
KEEPERS = (401, 403, 403, 403, 403, 200, 200, 403)
SWAP = {"bed": "noi-3-02", "other": 2, "other_bed": "noi-3-03"}
FOREIGN_SWAP = {"bed": "noi-3-02", "other": 3, "other_bed": "icu-01"}
TABLE: dict[tuple[str, str], tuple[object, tuple[int, ...]]] = {
    ("POST", "stays"): (ADMIT, (401, 201, 201, 201, 403, 403, 403, 403)),
    ("POST", "stays/1/transfer"): ({"from_bed": "noi-3-02", "to_bed": "noi-3-01"}, NOI_ONLY),
    ("POST", "stays/1/swap"): (SWAP, NOI_ONLY),
    ("POST", "stays/1/swap "): (FOREIGN_SWAP, (401, 403, 403, 403, 403, 403, 403, 403)),
    ("POST", "stays/1/discharge"): ({"bed": "noi-3-02"}, NOI_ONLY),
    ("POST", "stays/changes/1/undo"): ({}, NOI_ONLY),
    ("GET", "devices/mon-icu-01"): (None, KEEPERS),
    ("GET", "devices.csv"): (None, KEEPERS),
    ("POST", "devices.csv"): (None, KEEPERS),
    ("POST", "devices"): (DEVICE, (401, 403, 403, 403, 403, 201, 201, 403)),
    ("PATCH", "devices/mon-icu-01"): ({"owner": "ICU"}, KEEPERS),
    ("POST", "devices/mon-icu-01/credentials"): ({}, KEEPERS),
    ("POST", "devices/mon-icu-01/assignment"): ({"bed": None}, KEEPERS),
    ("POST", "devices/mon-icu-01/suspend"): ({}, KEEPERS),
    ("POST", "devices/mon-noi-3-03/resume"): ({}, KEEPERS),
    ("POST", "devices/mon-icu-01/retire"): ({}, KEEPERS),
}


@pytest.mark.parametrize(("method", "path"), TABLE, ids=[" ".join(key) for key in TABLE])
async def test_each_order_for_each_person(
    house: House, migrated_database: str, method: str, path: str
) -> None:
    """Each answer starts from the same ward: nobody's order changes it for the next."""
    body, statuses = TABLE[method, path]
    for number, bed in enumerate(("noi-3-02", "noi-3-03", "icu-01"), 1):
        patient = {"bed": bed, "record_number": f"X-{number}", "name": f"Người {number}"}
        who = "hoa" if number < 3 else "lan"
        assert (await send(house, "POST", "stays", patient, who)).status_code == 201
    await send(house, "POST", "devices/mon-noi-3-03/suspend", {}, "an")
    refused = [login for login, status in zip(VIEWERS, statuses, strict=True) if status > 299]
    allowed = [login for login in VIEWERS if login not in refused]
    before = rows(
        migrated_database, "SELECT s::text FROM stay s UNION SELECT d::text FROM device d"
    )
    for login in refused:
        got = await send(house, method, path.strip(), body, login)
        assert got.status_code == statuses[VIEWERS.index(login)], login
    after = rows(migrated_database, "SELECT s::text FROM stay s UNION SELECT d::text FROM device d")
    assert sorted(after) == sorted(before)
    written = rows(migrated_database, "SELECT who FROM audit WHERE outcome = 'refused: role'")
    if method != "GET":
        assert len(written) == sum(statuses[VIEWERS.index(login)] == 403 for login in refused)
    if (method, path) == ("POST", "devices.csv"):
        return
    for login in allowed:
        got = await send(house, method, path.strip(), body, login)
        # The first one's order is carried out; those of the others may come too late, no more.
        expected = {statuses[VIEWERS.index(login)]} | ({409} if login != allowed[0] else set())
        assert got.status_code in expected, (login, got.text)


@pytest.mark.parametrize("missing", ["x-csrf-token", "origin"])
async def test_an_order_needs_our_own_page(house: House, missing: str) -> None:
    headers = house.changing("hoa")
    headers[missing] = "https://elsewhere.example" if missing == "origin" else "wrong"
    async with browser(house.app) as client:
        got = await client.post("/api/v1/stays", json=ADMIT, headers=headers)
    assert got.status_code == 403


async def test_a_device_from_registering_to_the_end(house: House, migrated_database: str) -> None:
    made = await send(house, "POST", "devices", DEVICE, "minh")
    assert made.status_code == 201
    assert made.json()["username"] == "mon-new"
    assert len(made.json()["password"]) >= 24
    again = await send(house, "POST", "devices", DEVICE, "minh")
    assert (again.status_code, again.json()["reason"]) == (409, "id_taken")
    placed = {"bed": "noi-3-01"}
    full = await send(house, "POST", "devices/mon-new/assignment", placed, "minh")
    assert full.json()["reason"] == "bed_has_monitor"
    forced = {**placed, "replace": True}
    await send(house, "POST", "devices/mon-new/assignment", forced, "minh")
    assert house.live.map.monitor_on(house.live.map.beds_of(UnitId("noi-3"))[0].id, START) == (
        "mon-new"
    )
    patch = {"owner": "Nội 3", "calibration_due": None}
    await send(house, "PATCH", "devices/mon-new", patch, "minh")
    found = (await send(house, "GET", "devices/mon-new", login="minh")).json()
    assert (found["owner"], found["calibration_due"], found["model"]) == ("Nội 3", None, "Sim")
    assert found["beds"] == [
        {"bed": "noi-3-01", "from_at": "2026-11-22T07:00:00.000Z", "to_at": None}
    ]
    assert "password" not in str(found)
    assert made.json()["password"] not in str(
        rows(migrated_database, "SELECT d::text FROM device d")
    )


async def test_a_csv_over_http(house: House, migrated_database: str) -> None:
    headers = house.changing("minh") | {"content-type": "text/csv"}
    lines = "".join(f"cam-{n:04},camera,{'x' * 80}\n" for n in range(1000))
    async with browser(house.app) as client:

        async def post(text: str, dry_run: str) -> Any:
            path = f"/api/v1/devices.csv?dry_run={dry_run}"
            return await client.post(path, content=text.encode(), headers=headers)

        bad = await post("id,bed\ncam-1,nowhere\n", "false")
        assert bad.status_code == 422
        assert bad.json()["faults"] == [
            {"line": 2, "column": "bed", "reason": "there is no such bed"}
        ]
        dry = (await post("id,kind,model\n" + lines, "true")).json()
        assert (len(dry["added"]), dry["passwords"]) == (1000, {})
        assert rows(migrated_database, "SELECT count(*) FROM device") == [(4,)]
        real = (await post("id,kind,model\n" + lines, "false")).json()
        assert len(real["passwords"]) == 1000
        out = await client.get("/api/v1/devices.csv", headers=headers)
        same = (await post(out.text, "false")).json()
    assert (same["unchanged"], same["added"], same["changed"], same["moved"]) == (1004, [], [], [])
