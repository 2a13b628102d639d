"""The doctor at the machine: spool, disk, secret files, clock, the port of the pages."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.examining import by_name, not_ok, spool_in
from tests.services.network import LOOPBACK, free_port
from ward_hub import __version__
from ward_hub.clock import SystemClock
from ward_hub.doctor import Finding, State
from ward_hub.doctor.machine import (
    Answer,
    ask_hub,
    examine_clock,
    examine_port,
    examine_secret_files,
    examine_settings,
    examine_spool,
)
from ward_hub.ingest.spool import Spool
from ward_hub.settings import Settings


def look_at_spool(path: Path, *, hub_runs: bool = False, most_mib: int = 16) -> dict[str, Finding]:
    settings = Settings(spool_path=path, spool_most_mib=most_mib)
    return by_name(examine_spool(settings, hub_runs=hub_runs))


def test_an_empty_folder_is_well_and_stays_empty(tmp_path: Path) -> None:
    path = spool_in(tmp_path / "spool")
    found = look_at_spool(path)
    assert found.keys() == {"spool", "disk"}
    assert not_ok(found.values()) == {}
    assert list(path.parent.iterdir()) == []


def test_a_spool_at_rest_is_counted_and_left_alone(tmp_path: Path) -> None:
    path = spool_in(tmp_path / "spool")
    Spool(path, SystemClock()).close()
    path.chmod(0o600)
    before = path.read_bytes()
    found = look_at_spool(path)
    assert not_ok(found.values()) == {}
    assert found["spool file"].found == "0 records wait in it"
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("hub_runs", "state"), [(True, State.OK), (False, State.WARNING)])
def test_a_spool_in_use_is_found(tmp_path: Path, hub_runs: bool, state: State) -> None:
    path = spool_in(tmp_path / "spool")
    spool = Spool(path, SystemClock())
    path.chmod(0o600)
    try:
        found = look_at_spool(path, hub_runs=hub_runs)["spool file"]
    finally:
        spool.close()
    assert found.state is state
    assert "held by" in found.found


def test_a_damaged_spool_is_found(tmp_path: Path) -> None:
    path = spool_in(tmp_path / "spool")
    path.write_bytes(b"not a database" * 1000)
    path.chmod(0o600)
    assert look_at_spool(path)["spool file"].is_fault


def test_a_spool_that_everybody_can_read_is_found(tmp_path: Path) -> None:
    path = spool_in(tmp_path / "spool")
    Spool(path, SystemClock()).close()
    path.chmod(0o644)
    found = look_at_spool(path)["spool rights"]
    assert found.state is State.WARNING
    assert "chmod 600" in found.mend


def test_a_missing_folder_is_found(tmp_path: Path) -> None:
    (finding,) = look_at_spool(tmp_path / "nowhere" / "spool.sqlite").values()
    assert finding.is_fault
    assert "install -d" in finding.mend


def test_a_disk_too_small_for_the_spool_is_found(tmp_path: Path) -> None:
    found = look_at_spool(spool_in(tmp_path / "spool"), most_mib=10**9)
    assert found["disk"].state is State.WARNING
    assert "WARD_SPOOL_MOST_MIB" in found["disk"].mend


@pytest.mark.parametrize(
    ("mode", "state"), [(0o600, State.OK), (0o640, State.OK), (0o644, State.FAULT)]
)
def test_a_secret_file_is_for_its_owner(tmp_path: Path, mode: int, state: State) -> None:
    secret = tmp_path / "mqtt-password"
    secret.write_text("secret-word")
    secret.chmod(mode)
    (finding,) = examine_secret_files({"WARD_MQTT_PASSWORD_FILE": str(secret)})
    assert finding.state is state
    assert "secret-word" not in str(finding)


def test_no_secret_file_no_finding() -> None:
    assert examine_secret_files({"WARD_MQTT_PASSWORD": "x"}) == []


def test_a_missing_secret_file_is_found(tmp_path: Path) -> None:
    (finding,) = examine_secret_files({"WARD_DATABASE_URL_FILE": str(tmp_path / "no")})
    assert finding.is_fault


def test_a_mistyped_setting_is_found() -> None:
    finding = examine_settings({"WARD_MQTT_HOTS": "x", "WARD_TEST_ANY": "y", "HOME": "/"})
    assert finding.state is State.WARNING
    assert "WARD_MQTT_HOTS" in finding.found
    assert "write WARD_MQTT_HOST for WARD_MQTT_HOTS" in finding.mend
    assert "WARD_TEST_ANY" not in finding.found


def test_settings_in_order_are_counted() -> None:
    finding = examine_settings({"WARD_MQTT_HOST": "x", "WARD_MQTT_PASSWORD_FILE": "y"})
    assert finding.state is State.OK
    assert "2 given" in finding.found


def test_the_kernel_is_asked_about_the_clock() -> None:
    finding = examine_clock()
    assert not finding.is_fault
    assert (finding.state is State.OK) is (finding.found == "synchronised")


def test_a_free_port_is_well() -> None:
    settings = Settings(http_port=free_port())
    answer = ask_hub(settings)
    assert answer == Answer(somebody=False)
    assert examine_port(settings, answer).state is State.OK


def test_a_port_that_somebody_silent_has_taken_is_found() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        settings = Settings(http_port=other.getsockname()[1])
        finding = examine_port(settings, ask_hub(settings))
    assert finding.is_fault
    assert "taken" in finding.found


def test_an_address_of_another_machine_is_found() -> None:
    settings = Settings(http_host="192.0.2.7", http_port=free_port())
    finding = examine_port(settings, Answer(somebody=False))
    assert finding.is_fault
    assert "WARD_HTTP_HOST" in finding.mend


@contextmanager
def _serving(document: object) -> Iterator[Settings]:
    """A web server on loopback that answers everything with one document."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Settings(http_port=server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _report(status: str, *, well: bool = True, version: str = __version__) -> dict[str, object]:
    part = {"well": well, "detail": "delayed, 7 waiting"}
    return {"status": status, "version": version, "parts": {"recording": part}}


@pytest.mark.parametrize(
    ("report", "state"),
    [
        (_report("ok"), State.OK),
        (_report("degraded", well=False), State.WARNING),
        (_report("failing", well=False), State.FAULT),
        (_report("ok", version="0.0.1"), State.WARNING),
    ],
)
def test_a_running_hub_is_asked_how_it_is(report: dict[str, object], state: State) -> None:
    with _serving(report) as settings:
        answer = ask_hub(settings)
        finding = examine_port(settings, answer)
    assert answer.hub == report
    assert finding.state is state
    assert ("7 waiting" in finding.found) is (report["status"] != "ok")


@pytest.mark.parametrize("document", [{"hello": "world"}, [1, 2], "text", None])
def test_another_web_server_is_no_hub(document: object) -> None:
    with _serving(document) as settings:
        finding = examine_port(settings, ask_hub(settings))
    assert finding.is_fault
    assert "another program" in finding.found
