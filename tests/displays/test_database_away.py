"""The screens over a real database that dies and comes back."""

from __future__ import annotations

from dataclasses import replace

from tests.displays.ward import House, a_house
from tests.displays.wire_reader import browser, settle, stream
from tests.registry.a_ward import NOW, quick_passwords, ward
from tests.services.postgres import OwnPostgres
from ward_hub import pg
from ward_hub.displays.deps import Pool, WebDeps
from ward_hub.registry.staff import StaffAccounts
from ward_hub.registry.ward_import import import_ward


def house_over(pool: Pool) -> House:
    def real(deps: WebDeps) -> WebDeps:
        return replace(deps, pool=pool, accounts=StaffAccounts(pool, None, quick_passwords()))

    return a_house(real)


async def test_a_nurse_keeps_the_station_and_nobody_new_comes_in(
    own_postgres: OwnPostgres,
) -> None:
    dsn = own_postgres.dsn
    pg.migrate(dsn)
    with pg.connect(dsn, "test") as connection:
        made = import_ward(connection, ward(), NOW, quick_passwords())
    form = {"login": "hoa", "password": made.staff["hoa"]}
    async with pg.pool(dsn, "test", wait_s=1) as pool:
        house = house_over(pool)
        async with browser(house.app) as client:
            signed_in = await client.post("/login", data=form)
        cookie = {"cookie": signed_in.headers["set-cookie"].partition(";")[0]}
        async with (
            browser(house.app) as client,
            stream(house.app, "/stream/units/noi-3", cookie) as seen,
        ):
            own_postgres.kill9()
            await time_passes(house)
            assert seen.names() == ["snapshot", "beat"]
            assert (await client.get("/units/noi-3", headers=cookie)).status_code == 200
            assert (await client.post("/login", data=form)).status_code == 503
            own_postgres.start()
            await time_passes(house)
            assert (await client.post("/login", data=form)).status_code == 303
            assert not seen.is_over


async def time_passes(house: House) -> None:
    house.clock.advance(5)
    await house.screens.sessions.verify_streams()
    house.screens.fanout.beat()
    await settle()
