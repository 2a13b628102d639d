"""Accounts of staff in the database: lock-out, sessions, rights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from tests.registry.a_ward import NOW, QUICK, quick_passwords, ward
from ward_hub import pg
from ward_hub.core.ids import UnitId
from ward_hub.core.people import Role, SignedIn, SignInRefused
from ward_hub.registry.passwords import Passwords, first_password
from ward_hub.registry.staff import SignInRules, StaffAccounts
from ward_hub.registry.ward_import import import_ward

RIGHT = "first-password"
RULES = SignInRules()


class CountedPasswords(Passwords):
    """Quick passwords that note how many checks were made."""

    checks = 0

    def fits(self, password: str, stored: str) -> bool:
        self.checks += 1
        return super().fits(password, stored)


@pytest.fixture
def passwords() -> CountedPasswords:
    return CountedPasswords(QUICK)


@pytest.fixture
async def accounts(
    migrated_database: str, passwords: CountedPasswords
) -> AsyncIterator[StaffAccounts]:
    with pg.connect(migrated_database, "test") as connection:
        import_ward(connection, ward(), NOW, quick_passwords())
    async with pg.pool(migrated_database, "test") as pool:
        yield StaffAccounts(pool, RULES, passwords)


@pytest.fixture
def database_rows(migrated_database: str) -> psycopg.Connection[tuple[object, ...]]:
    return pg.connect(migrated_database, "test")


async def signed_in(accounts: StaffAccounts, minutes: float = 0) -> SignedIn:
    result = await accounts.sign_in("an", RIGHT, NOW + timedelta(minutes=minutes))
    assert isinstance(result, SignedIn)
    return result


async def is_locked(accounts: StaffAccounts, minutes: float) -> bool:
    at = NOW + timedelta(minutes=minutes)
    return isinstance(await accounts.sign_in("an", RIGHT, at), SignInRefused)


async def fail(accounts: StaffAccounts, times: int, minutes: float = 0) -> None:
    for _ in range(times):
        at = NOW + timedelta(minutes=minutes)
        assert isinstance(await accounts.sign_in("an", "wrong", at), SignInRefused)


async def test_the_right_password_opens_a_session(accounts: StaffAccounts) -> None:
    opened = await signed_in(accounts)
    person = opened.session.person
    assert (person.name, person.role, person.language) == ("Vũ An", Role.ADMINISTRATOR, "fr")
    assert len(opened.token) >= 43
    found = await accounts.sessions([opened.session.key], NOW)
    assert found == {opened.session.key: opened.session}


@pytest.mark.parametrize("login", ["AN", " an "])
async def test_a_login_is_the_same_however_it_is_typed(accounts: StaffAccounts, login: str) -> None:
    assert isinstance(await accounts.sign_in(login, RIGHT, NOW), SignedIn)


async def test_only_the_hash_of_a_token_is_stored(
    accounts: StaffAccounts, database_rows: psycopg.Connection[tuple[object, ...]]
) -> None:
    opened = await signed_in(accounts)
    with database_rows as connection:
        stored = connection.execute("SELECT session::text FROM session").fetchall()
    assert len(stored) == 1
    assert opened.token not in str(stored)
    assert opened.session.key in str(stored)


async def test_five_failures_lock_the_account_for_five_minutes(accounts: StaffAccounts) -> None:
    await fail(accounts, 5)
    assert await is_locked(accounts, 4.9)
    assert not await is_locked(accounts, 5)


async def test_each_further_failure_locks_for_twice_as_long(accounts: StaffAccounts) -> None:
    await fail(accounts, 5)
    await fail(accounts, 1, minutes=5)
    assert await is_locked(accounts, 14.9)
    await fail(accounts, 1, minutes=15)
    assert await is_locked(accounts, 34.9)
    assert not await is_locked(accounts, 35)


async def test_the_right_password_forgives(accounts: StaffAccounts) -> None:
    await fail(accounts, 4)
    await signed_in(accounts)
    await fail(accounts, 4)
    assert not await is_locked(accounts, 0)


async def test_many_tries_at_once_do_not_slip_through(accounts: StaffAccounts) -> None:
    tries = (accounts.sign_in("an", "wrong", NOW) for _ in range(20))
    results = await asyncio.gather(*tries)
    reasons = [r.reason for r in results if isinstance(r, SignInRefused)]
    assert reasons.count("wrong password") == 5
    assert await is_locked(accounts, 0)


async def test_signing_in_replaces_the_session_of_this_browser(accounts: StaffAccounts) -> None:
    first = (await signed_in(accounts)).session.key
    other = (await signed_in(accounts)).session.key
    result = await accounts.sign_in("an", RIGHT, NOW, replaces=first)
    assert isinstance(result, SignedIn)
    found = await accounts.sessions([first, other, result.session.key], NOW)
    assert set(found) == {other, result.session.key}


async def test_a_session_ends_when_idle_and_lives_while_used(accounts: StaffAccounts) -> None:
    key = (await signed_in(accounts)).session.key
    for minutes in (50, 100, 150):
        await accounts.touch([key], NOW + timedelta(minutes=minutes))
    assert await accounts.sessions([key], NOW + timedelta(minutes=209))
    idle_at = NOW + timedelta(minutes=210)
    assert not await accounts.sessions([key], idle_at)
    await accounts.touch([key], idle_at)
    assert not await accounts.sessions([key], idle_at)


async def test_no_use_carries_a_session_beyond_its_end(accounts: StaffAccounts) -> None:
    session = (await signed_in(accounts)).session
    assert session.ends_at == NOW + RULES.session_lasts
    for half_hours in range(1, 26):
        await accounts.touch([session.key], NOW + half_hours * timedelta(minutes=30))
    assert await accounts.sessions([session.key], session.ends_at - timedelta(seconds=1))
    assert not await accounts.sessions([session.key], session.ends_at)


async def test_signing_out_ends_the_session(accounts: StaffAccounts) -> None:
    key = (await signed_in(accounts)).session.key
    await accounts.sign_out(key)
    assert not await accounts.sessions([key], NOW)


async def test_rights_and_language_are_as_they_are_now(
    accounts: StaffAccounts, database_rows: psycopg.Connection[tuple[object, ...]]
) -> None:
    session = (await signed_in(accounts)).session
    await accounts.set_language(session.person.id, "en")
    with database_rows as connection:
        connection.execute("UPDATE staff SET role = 'nurse' WHERE login = 'an'")
        connection.execute("INSERT INTO staff_unit VALUES (%s, 'icu')", (session.person.id,))
    person = (await accounts.sessions([session.key], NOW))[session.key].person
    assert (person.role, person.language) == (Role.NURSE, "en")
    assert person.may_watch(UnitId("icu"))
    assert not person.may_watch(UnitId("noi-3"))


async def test_a_disabled_account_is_out_at_once(
    accounts: StaffAccounts, database_rows: psycopg.Connection[tuple[object, ...]]
) -> None:
    key = (await signed_in(accounts)).session.key
    with database_rows as connection:
        connection.execute("UPDATE staff SET disabled_at = now() WHERE login = 'an'")
    assert not await accounts.sessions([key], NOW)
    assert isinstance(await accounts.sign_in("an", RIGHT, NOW), SignInRefused)


async def test_unknown_and_locked_logins_cost_a_password_check_too(
    accounts: StaffAccounts, passwords: CountedPasswords
) -> None:
    await accounts.sign_in("nobody", RIGHT, NOW)
    await fail(accounts, 5)
    assert passwords.checks == 6
    assert await is_locked(accounts, 0)
    assert passwords.checks == 7


def test_first_passwords_are_many_and_readable() -> None:
    made = {first_password() for _ in range(200)}
    assert len(made) == 200
    assert all(len(each) == 19 and not set(each) & set("0O1lI") for each in made)
