"""The command line: `ward-hub run`, `demo`, `migrate`, `doctor`, `sim`, `ward`, …

Commands read their settings from the environment (`WARD_…`). What a program may want to read has
`--json`. A command that fails says what is wrong and how to mend it, without a traceback.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer

from ward_hub import __version__, log, pg, registry_cli, scoring_cli
from ward_hub.clock import SystemClock
from ward_hub.settings import Settings, SettingsError, load, unknown_variables

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they may be passwords
    help="A hospital ward's hub.",
)
ward_app = typer.Typer(no_args_is_help=True, help="The registry: who is where.")
bench_app = typer.Typer(no_args_is_help=True, help="Measurements on this machine.")
app.add_typer(ward_app, name="ward")
app.add_typer(bench_app, name="bench")
app.add_typer(registry_cli.stay_app, name="stay")
app.add_typer(registry_cli.device_app, name="device")
app.add_typer(registry_cli.audit_app, name="audit")
app.command("score")(scoring_cli.score)

AS_JSON: Final = typer.Option("--json", help="Print JSON for a program to read.")


def main() -> None:
    """The console script."""
    try:
        app()
    except SettingsError as error:
        _fail(f"settings: {error}")


def _fail(text: str) -> None:
    typer.echo(text, err=True)
    raise SystemExit(1)


def _said(settings: Settings, error: Exception) -> str:
    """What an error says, without the passwords that a library may quote in it."""
    from ward_hub.doctor.findings import Secrets  # noqa: PLC0415

    return Secrets(settings).hide(error)


def _settings() -> Settings:
    settings = load()
    log.set_up(settings.log_level)
    for name in unknown_variables():
        log.get_log("settings").warning("not a setting, ignored", variable=name)
    return settings


def _run(work: Any) -> None:
    """Run on uvloop where there is one; Ctrl-C is an ordinary end."""
    with contextlib.suppress(KeyboardInterrupt):
        try:
            import uvloop  # noqa: PLC0415
        except ImportError:
            asyncio.run(work)
        else:
            uvloop.run(work)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def run() -> None:
    """Run the hub against a broker and a database until SIGTERM or Ctrl-C."""
    from ward_hub.ingest.spool_file import SpoolTooNewError  # noqa: PLC0415

    settings = _settings()
    try:
        _run(_serve(settings))
    except (OSError, sqlite3.Error, psycopg.Error, SpoolTooNewError) as error:
        log.get_log("hub").debug("ended", exc_info=error)
        _fail(f"run: {_said(settings, error)}\n`ward-hub doctor` says what is wrong.")


async def _serve(settings: Settings) -> None:
    from ward_hub.app import running  # noqa: PLC0415 - other commands start faster without it

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings):
        await stop.wait()


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the pages.", min=1, max=65535)] = 8080,
    beds: Annotated[int, typer.Option(help="How many beds, in two units.", min=2, max=64)] = 16,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin with an empty ward.")] = False,
    folder: Annotated[Path | None, typer.Option(help="Where the demo keeps its data.")] = None,
) -> None:
    """Run a simulated ward with an embedded database and broker."""
    from ward_hub.demo.folder import choose_folder  # noqa: PLC0415
    from ward_hub.demo.run import DemoError, DemoOptions, run_demo  # noqa: PLC0415

    log.set_up("error")
    project = Path(__file__).resolve().parent.parent
    if not (project / "pyproject.toml").exists():
        project = Path.cwd()
    chosen = folder or choose_folder(project, os.getuid())
    try:
        _run(run_demo(DemoOptions(chosen, port, beds, fresh)))
    except DemoError as error:
        _fail(f"demo: {error}")
    except (psycopg.Error, pg.DatabaseTooNewError) as error:
        said = str(error).strip().partition("\n")[0]
        _fail(f"demo: its database in {chosen} cannot be used ({said}); begin anew with --fresh")


@app.command()
def migrate(as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Bring the database to this version's schema."""
    settings = _settings()
    try:
        applied = pg.migrate(settings.database_url.get_secret_value())
    except (psycopg.Error, pg.DatabaseTooNewError) as error:
        _fail(f"migrate: {_said(settings, error)}")
    else:
        said = json.dumps({"applied": applied}) if as_json else _applied_text(applied)
        typer.echo(said)


def _applied_text(applied: list[str]) -> str:
    return "\n".join(f"applied {name}" for name in applied) or "The schema is up to date."


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def sim(context: typer.Context) -> None:
    """Run the device simulator (all its own arguments; see `ward-hub sim --help`)."""
    raise SystemExit(subprocess.call([sys.executable, "-m", "device_sim", *context.args]))


@app.command()
def doctor(as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Check broker, database, clock, disk and permissions, and say how to mend what is wrong."""
    from ward_hub.doctor import bad_settings, examine, report_lines  # noqa: PLC0415

    try:
        findings = asyncio.run(examine(load(), SystemClock()))
    except SettingsError as error:
        findings = [bad_settings(error)]
    if as_json:
        typer.echo(json.dumps([finding.document() for finding in findings], indent=1))
    else:
        typer.echo("\n".join(report_lines(findings, colour="NO_COLOR" not in os.environ)))
    if any(finding.is_fault for finding in findings):
        raise SystemExit(1)


@ward_app.command("import")
def import_file(file: Path, as_json: Annotated[bool, AS_JSON] = False) -> None:
    """Put a ward file (TOML) into the registry; prints the passwords it made up, once."""
    from ward_hub.registry.passwords import Passwords  # noqa: PLC0415
    from ward_hub.registry.ward_file import WardFile, read_ward_file  # noqa: PLC0415
    from ward_hub.registry.ward_import import import_ward  # noqa: PLC0415

    settings = _settings()
    try:
        ward = read_ward_file(file)
        if not isinstance(ward, WardFile):
            _fail("\n".join(str(fault) for fault in ward))
            return
        with pg.connect(settings.database_url.get_secret_value(), "import") as connection:
            made = import_ward(connection, ward, SystemClock().now(), Passwords())
    except (OSError, psycopg.Error) as error:
        _fail(f"ward import: {_said(settings, error)}")
        return
    if as_json:
        typer.echo(json.dumps({"devices": made.devices, "staff": made.staff}))
        return
    for kind, passwords in (("device", made.devices), ("login", made.staff)):
        for name, password in passwords.items():
            typer.echo(f"{kind} {name}: {password}")
    typer.echo("Imported.")


@ward_app.command("broker-passwords")
def broker_passwords() -> None:
    """Print mosquitto's password file for the registered devices."""
    from ward_hub.registry.broker_accounts import load_accounts, password_file  # noqa: PLC0415

    settings = _settings()
    try:
        with pg.connect(settings.database_url.get_secret_value(), "accounts") as connection:
            typer.echo(password_file(load_accounts(connection)), nl=False)
    except psycopg.Error as error:
        _fail(f"ward broker-passwords: {_said(settings, error)}")


@bench_app.command("latency")
def bench_latency(
    beds: Annotated[int, typer.Option(help="How many monitors.", min=1, max=2000)] = 16,
    seconds: Annotated[float, typer.Option(help="How long they send.", min=2, max=3600)] = 20,
    waves: Annotated[bool, typer.Option(help="Send three waveforms as well.")] = True,
    database_url: Annotated[
        str | None, typer.Option(help="A PostgreSQL server to use; else an embedded one.")
    ] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Measure publish to event received, on a mosquitto and a PostgreSQL of its own."""
    from ward_hub.bench import latency, servers  # noqa: PLC0415

    try:
        result = latency.measure_latency(beds, seconds, database_url, waves=waves)
    except servers.BenchError as error:
        _fail(f"bench: {error}")
        return
    typer.echo(latency.as_json(result) if as_json else str(result))
