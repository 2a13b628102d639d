"""`ward-hub stay …`, `ward-hub device …`, `ward-hub audit …`: the registry from the command line.

The same orders as over HTTP, with the same refusals and the same audit log, where the giver is
`cli` and the reason is `--why`. A running hub sees what was done within five seconds. A password
is printed once, by the command that made it. Nothing is printed of a database's own error but its
kind: it may quote an address with a password.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import psycopg
import typer

from ward_hub import log, pg
from ward_hub.clock import SystemClock
from ward_hub.core.audit import Act
from ward_hub.core.devices import (
    KINDS,
    Assign,
    DeviceDetails,
    DeviceOrder,
    DevicesImported,
    NewCredentials,
    Register,
    Resume,
    Retire,
    Suspend,
    Unassign,
)
from ward_hub.core.devices import WHY_NOT as WHY_NO_DEVICE
from ward_hub.core.ids import BedId, DeviceId, StayId, is_device_id
from ward_hub.core.people import Refused
from ward_hub.core.stays import WHY_NOT as WHY_NO_STAY
from ward_hub.core.stays import Admit, Discharge, StayOrder, Swap, Transfer, Undo
from ward_hub.registry import audit
from ward_hub.registry.devices import Devices, Pool
from ward_hub.registry.stays import Stays
from ward_hub.settings import load

stay_app = typer.Typer(no_args_is_help=True, help="Who is on which bed: admit, move, discharge.")
device_app = typer.Typer(no_args_is_help=True, help="Devices, their credentials and their beds.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit log.")

Result = TypeVar("Result")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Why = Annotated[str, typer.Option(help="The reason, for the audit log. No names.")]
At = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%SZ"],
        help="Since when, with its offset: 2026-11-22T07:00:00+07:00. Else now.",
    ),
]
WHO: Final = "cli"


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise SystemExit(1)


def _dsn() -> str:
    settings = load()
    log.set_up(settings.log_level)
    return settings.database_url.get_secret_value()


def _ask(work: Callable[[Pool], Awaitable[Result]]) -> Result:
    dsn = _dsn()

    async def asked() -> Result:
        async with pg.pool(dsn, "command", max_size=1) as pool:
            return await work(pool)

    try:
        pg.connect(dsn, "command").close()  # a pool would try for long, and log each try
        return asyncio.run(asked())
    except psycopg.Error as error:
        _fail(_trouble(error))


def _trouble(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.UndefinedTable):
        return "The database has not been prepared: run `ward-hub migrate`."
    if isinstance(error, psycopg.OperationalError):
        return "The database does not answer; `ward-hub doctor` looks for the reason."
    return f"The database refused: {error.diag.message_primary or type(error).__name__}"


def _say(document: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document, default=str, ensure_ascii=False))
    else:
        typer.echo("\n".join(f"{name}: {_shown(value)}" for name, value in document.items()))


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return "–" if value is None else str(value)


# -- stays --------------------------------------------------------------------------------------


def _stay(order: StayOrder, why: str, *, as_json: bool) -> None:
    now = SystemClock().now()
    result = _ask(lambda pool: Stays(pool).carry_out(order, Act(WHO, now, why)))
    if isinstance(result, Refused):
        _fail(f"refused: {WHY_NO_STAY[result.reason]}")
    _say(asdict(result), as_json=as_json)


@stay_app.command()
def admit(
    bed: str,
    record_number: str,
    *,
    name: Annotated[str | None, typer.Option(help="For a patient not known yet.")] = None,
    birth_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    sex: Annotated[str, typer.Option(help="F, M or nothing.")] = "",
    at: At = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Admit a patient to a free bed."""
    if sex not in {"F", "M", ""}:
        _fail("--sex is F, M or left out.")
    born = birth_date.date() if birth_date else None
    order = Admit(BedId(bed), record_number, name, born, sex, _aware(at))
    _stay(order, why, as_json=as_json)


@stay_app.command()
def transfer(
    stay: int, from_bed: str, to_bed: str, *, at: At = None, why: Why = "", as_json: AsJson = False
) -> None:
    """Move a patient to a free bed; devices stay with their beds."""
    order = Transfer(StayId(stay), BedId(from_bed), BedId(to_bed), _aware(at))
    _stay(order, why, as_json=as_json)


@stay_app.command()
def swap(
    stay: int,
    bed: str,
    other_stay: int,
    other_bed: str,
    *,
    at: At = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let two patients change beds; devices stay with their beds."""
    order = Swap(StayId(stay), BedId(bed), StayId(other_stay), BedId(other_bed), _aware(at))
    _stay(order, why, as_json=as_json)


@stay_app.command()
def discharge(stay: int, bed: str, at: At = None, why: Why = "", as_json: AsJson = False) -> None:
    """End a stay."""
    _stay(Discharge(StayId(stay), BedId(bed), _aware(at)), why, as_json=as_json)


@stay_app.command()
def undo(change: int, why: Why = "", as_json: AsJson = False) -> None:
    """Take back a change, a short while after it and while nothing else has happened."""
    _stay(Undo(change), why, as_json=as_json)


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=at.tzinfo or UTC) if at else None


# -- devices ------------------------------------------------------------------------------------


def _device(order: DeviceOrder, why: str, *, as_json: bool) -> None:
    now = SystemClock().now()
    result = _ask(lambda pool: Devices(pool).carry_out(order, Act(WHO, now, why)))
    if isinstance(result, Refused):
        _fail(f"refused: {WHY_NO_DEVICE[result.reason]}")
    document: dict[str, Any] = {"device": result.device, "samples_moved": result.rows}
    if result.password is not None:
        document |= {"username": result.device, "password": result.password}
    _say(document, as_json=as_json)


@device_app.command()
def add(
    device: str,
    *,
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))] = "monitor",
    model: str = "",
    serial: str = "",
    udi: str = "",
    owner: str = "",
    bed: Annotated[str | None, typer.Option(help="Where it stands.")] = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Register a device; prints its password, once."""
    if not is_device_id(device):
        _fail("A device id has 3 to 32 of a-z, 0-9 and dash, and does not begin with a dash.")
    if kind not in KINDS:
        _fail(f"--kind is one of {', '.join(KINDS)}.")
    details = DeviceDetails(DeviceId(device), kind, model, serial, udi, owner)
    _device(Register(details, BedId(bed) if bed else None), why, as_json=as_json)


@device_app.command()
def credentials(device: str, why: Why = "", as_json: AsJson = False) -> None:
    """Give a device a new password; prints it, once."""
    _device(NewCredentials(DeviceId(device)), why, as_json=as_json)


@device_app.command()
def assign(
    device: str,
    bed: str,
    *,
    at: At = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the monitor that is there off the bed.")
    ] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Put a device on a bed, wherever it was."""
    _device(Assign(DeviceId(device), BedId(bed), _aware(at), replace), why, as_json=as_json)


@device_app.command()
def unassign(device: str, at: At = None, why: Why = "", as_json: AsJson = False) -> None:
    """Take a device off its bed."""
    _device(Unassign(DeviceId(device), _aware(at)), why, as_json=as_json)


@device_app.command()
def suspend(device: str, why: Why = "", as_json: AsJson = False) -> None:
    """Stop listening to a device."""
    _device(Suspend(DeviceId(device)), why, as_json=as_json)


@device_app.command()
def resume(device: str, why: Why = "", as_json: AsJson = False) -> None:
    """Listen to a device again."""
    _device(Resume(DeviceId(device)), why, as_json=as_json)


@device_app.command()
def retire(device: str, why: Why = "", as_json: AsJson = False) -> None:
    """End a device for good: no credentials, no bed."""
    _device(Retire(DeviceId(device)), why, as_json=as_json)


@device_app.command()
def show(device: str) -> None:
    """Everything kept of a device, with the beds it was on, as JSON."""
    found = _ask(lambda pool: Devices(pool).describe(DeviceId(device)))
    if found is None:
        _fail(WHY_NO_DEVICE["no_such_device"])
    typer.echo(json.dumps(found, default=str, ensure_ascii=False, indent=1))


@device_app.command("export")
def export_csv(file: Annotated[Path | None, typer.Argument()] = None) -> None:
    """Write every device that is not retired as CSV, to a file or to the standard output."""
    text = _ask(lambda pool: Devices(pool).export_csv())
    if file is None:
        typer.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"{file}: {error.strerror}")


@device_app.command("import")
def import_csv(
    file: Path,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Bring the register to a CSV file; prints the new passwords, once."""
    try:
        text = file.read_bytes().decode()
    except OSError as error:
        _fail(f"{file}: {error.strerror}")
    except UnicodeDecodeError:
        _fail(f"{file}: not UTF-8 text")
    act = Act(WHO, SystemClock().now(), why)
    result = _ask(lambda pool: Devices(pool).import_csv(text, act, dry_run=dry_run))
    if not isinstance(result, DevicesImported):
        _fail("\n".join(str(fault) for fault in result))
    document: dict[str, Any] = {"dry_run": dry_run, **asdict(result)}
    passwords = document.pop("passwords")
    if as_json:
        document["passwords"] = {} if dry_run else passwords
    elif not dry_run:
        document |= {f"password of {name}": word for name, word in passwords.items()}
    _say(document, as_json=as_json)


# -- audit --------------------------------------------------------------------------------------


@audit_app.command()
def verify(
    seal: Annotated[
        str | None, typer.Option(help="A seal that this command printed earlier.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Walk the whole log; names each row that was changed, taken out or moved."""
    found = _read(lambda connection: audit.verify(connection, seal))
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        typer.echo("\n".join(map(str, found.faults)) or "The log is whole.")
        typer.echo(f"rows: {found.rows}\nseal: {found.seal}")
    if found.faults:
        raise SystemExit(1)


@audit_app.command()
def tail(
    most: Annotated[int, typer.Option("-n", "--lines", min=1, max=10_000)] = 20,
    as_json: AsJson = False,
) -> None:
    """The newest entries, oldest first; with --json one document a line."""
    for entry in _read(lambda connection: audit.tail(connection, most)):
        if as_json:
            typer.echo(json.dumps(entry, ensure_ascii=False))
        else:
            words = (entry[name] for name in ("id", "at", "who", "what", "on", "outcome", "why"))
            typer.echo("  ".join(str(word) for word in words if word != ""))


def _read(look: Callable[[psycopg.Connection[tuple[Any, ...]]], Result]) -> Result:
    try:
        with pg.connect(_dsn(), "audit", statement_timeout_s=0) as connection:
            return look(connection)
    except psycopg.Error as error:
        _fail(_trouble(error))
