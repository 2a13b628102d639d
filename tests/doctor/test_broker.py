"""The doctor at real brokers: as shipped, as mosquitto comes, broken, and not there."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig
from pydantic import SecretStr

from tests.doctor.examining import look_at_broker, not_ok, settings_for
from tests.services.mosquitto import Mosquitto
from tests.services.network import LOOPBACK, free_port
from ward_hub.clock import SystemClock
from ward_hub.doctor import State
from ward_hub.doctor.broker import is_this_machine
from ward_hub.doctor.probe import probing
from ward_hub.settings import Settings
from ward_hub.topics import HUB_STATUS

PROTOCOLS = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
EVERYTHING_LOOKED_AT = {
    "broker",
    "broker tls",
    "client id",
    "broker rights",
    "largest message",
    "session",
    "messages in flight",
    "messages kept",
}


@PROTOCOLS
def test_the_shipped_settings_are_found_well(mosquitto: Mosquitto, protocol: str) -> None:
    found = look_at_broker(settings_for(mosquitto, mqtt_protocol=protocol))
    assert found.keys() == EVERYTHING_LOOKED_AT
    assert not_ok(found.values()) == {}
    assert "3,000" in found["messages kept"].found


@PROTOCOLS
def test_mosquittos_defaults_are_found(mosquitto: Mosquitto, protocol: str) -> None:
    _restart_with(mosquitto, "max_inflight_messages 20\nmax_queued_messages 1000")
    found = look_at_broker(settings_for(mosquitto, mqtt_protocol=protocol))
    assert found["messages kept"].state is State.FAULT
    assert "1,000 of 3,000" in found["messages kept"].found
    assert "max_queued_messages 500000" in found["messages kept"].mend
    # An MQTT 5 client may ask for more in flight than the broker's default, and the hub does.
    assert (found["messages in flight"].state is State.FAULT) is (protocol == "3.1.1")


@PROTOCOLS
def test_the_limit_in_flight_is_found_alone(mosquitto: Mosquitto, protocol: str) -> None:
    _restart_with(mosquitto, "max_inflight_messages 20")
    found = look_at_broker(settings_for(mosquitto, mqtt_protocol=protocol))
    expected = {} if protocol == "5" else {"messages in flight": State.FAULT}
    assert not_ok(found.values()) == expected
    if expected:
        assert "only 20" in found["messages in flight"].found
        assert "max_inflight_messages 20000" in found["messages in flight"].mend


def test_a_small_message_limit_is_found(mosquitto: Mosquitto) -> None:
    _restart_with(mosquitto, "message_size_limit 100000")
    found = look_at_broker(settings_for(mosquitto))
    assert not_ok(found.values()) == {"largest message": State.FAULT}
    assert "message_size_limit" in found["largest message"].mend


def _restart_with(broker: Mosquitto, lines: str) -> None:
    broker.stop()
    broker.configure(lines)
    broker.start()


@PROTOCOLS
def test_nothing_is_left_behind(mosquitto: Mosquitto, protocol: str) -> None:
    settings = settings_for(mosquitto, mqtt_protocol=protocol)
    look_at_broker(settings)
    (session,) = {word for word in mosquitto.log.split() if word.endswith("-away")}
    with probing(settings, SystemClock(), session, clean=False) as again:
        assert not again.session_present
        assert again.subscribe("hub/v1/#")
        assert again.subscribe("ward/v1/#")
        assert again.listen(1, quiet_s=0.3, within_s=0.3) == 0


@PROTOCOLS
def test_the_hubs_own_session_is_not_touched(mosquitto: Mosquitto, protocol: str) -> None:
    settings = settings_for(mosquitto, mqtt_protocol=protocol)
    with probing(settings, SystemClock(), settings.mqtt_client_id, clean=False) as hub:
        assert hub.subscribe("ward/v1/mon-0101/#")
        number = hub.publish("ward/v1/mon-0101/cmd", b"still here")
        assert hub.taken(5, number)
        look_at_broker(settings)
        assert hub.listen(1, quiet_s=1, within_s=5) == 1


def test_a_wrong_password_is_found_and_never_shown(mosquitto: Mosquitto) -> None:
    settings = settings_for(mosquitto, mqtt_password=SecretStr("not-the-password"))
    (finding,) = look_at_broker(settings).values()
    assert finding.is_fault
    assert "mosquitto_passwd" in finding.mend
    assert "not-the-password" not in str(finding.document())


def test_an_account_without_rights_is_found(mosquitto: Mosquitto) -> None:
    mosquitto.add_user("mon-0101", "secret-word")
    settings = settings_for(
        mosquitto, mqtt_username="mon-0101", mqtt_password=SecretStr("secret-word")
    )
    found = look_at_broker(settings)
    assert found["broker rights"].state is State.FAULT
    assert "acl" in found["broker rights"].mend
    assert found["messages kept"].state is State.FAULT


def test_no_broker_is_found() -> None:
    (finding,) = look_at_broker(Settings(mqtt_host=LOOPBACK, mqtt_port=free_port())).values()
    assert finding.is_fault
    assert "systemctl start mosquitto" in finding.mend


def test_something_that_is_no_broker_is_found() -> None:
    with _listener() as port:
        (finding,) = look_at_broker(Settings(mqtt_host=LOOPBACK, mqtt_port=port)).values()
    assert finding.is_fault
    assert "does not answer MQTT" in finding.found
    assert "WARD_MQTT_PROTOCOL=3.1.1" in finding.mend


@contextmanager
def _listener() -> Iterator[int]:
    """Takes connections and says nothing."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


async def test_a_broker_that_keeps_no_session_is_found() -> None:
    """The demo's broker: whatever comes while the hub is away is lost."""
    port = free_port()
    listener = ListenerConfig(bind=f"{LOOPBACK}:{port}")
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker(BrokerConfig(listeners={"default": listener}, plugins=plugins))
    await broker.start()
    try:
        settings = Settings(mqtt_host=LOOPBACK, mqtt_port=port, mqtt_protocol="3.1.1")
        found = await asyncio.to_thread(look_at_broker, settings)
    finally:
        await broker.shutdown()
    assert not_ok(found.values()) == {"session": State.FAULT}
    assert "mosquitto" in found["session"].mend


def test_a_hub_elsewhere_is_found(mosquitto: Mosquitto) -> None:
    settings = settings_for(mosquitto)
    with probing(settings, SystemClock(), "other") as other:
        other._client.publish(HUB_STATUS, b'{"state":"online"}', qos=1, retain=True)
        assert other.subscribe(HUB_STATUS)
        assert other.listen(1, quiet_s=2, within_s=5) == 1
    assert look_at_broker(settings)["client id"].state is State.WARNING
    ours = look_at_broker(settings, hub_runs=True)["client id"]
    assert ours.state is State.OK
    assert "in use" in ours.found


def test_a_hub_that_has_gone_is_not_taken_for_one(mosquitto: Mosquitto) -> None:
    settings = settings_for(mosquitto)
    with probing(settings, SystemClock(), "other") as other:
        other._client.publish(HUB_STATUS, b'{"state":"offline"}', qos=1, retain=True)
        assert other.subscribe(HUB_STATUS)
        assert other.listen(1, quiet_s=2, within_s=5) == 1
    assert "not in use" in look_at_broker(settings)["client id"].found


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    subject = ["-subj", "/CN=ward", "-addext", f"subjectAltName=IP:{LOOPBACK}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def tls_broker(mosquitto: Mosquitto, certificates: Path) -> tuple[Mosquitto, int]:
    port = free_port()
    for name in ("key.pem", "certificate.pem"):
        copy = mosquitto.folder / name
        copy.write_bytes((certificates / name).read_bytes())
        copy.chmod(0o644)
    _restart_with(
        mosquitto,
        f"listener {port} {LOOPBACK}\ncertfile {mosquitto.folder}/certificate.pem\n"
        f"keyfile {mosquitto.folder}/key.pem",
    )
    return mosquitto, port


def test_tls_is_found_well(tls_broker: tuple[Mosquitto, int], certificates: Path) -> None:
    broker, port = tls_broker
    ca_file = certificates / "certificate.pem"
    settings = settings_for(broker, mqtt_port=port, mqtt_tls=True, mqtt_ca_file=ca_file)
    found = look_at_broker(settings)
    assert not_ok(found.values()) == {}
    assert found["broker tls"].found.startswith("TLSv1.")


@pytest.mark.parametrize("case", ["unknown authority", "plain to tls", "tls to plain", "no file"])
def test_tls_that_does_not_fit_is_found(
    tls_broker: tuple[Mosquitto, int], certificates: Path, case: str
) -> None:
    broker, port = tls_broker
    ca_file = certificates / "certificate.pem"
    settings = {
        "unknown authority": settings_for(broker, mqtt_port=port, mqtt_tls=True),
        "plain to tls": settings_for(broker, mqtt_port=port),
        "tls to plain": settings_for(broker, mqtt_tls=True, mqtt_ca_file=ca_file),
        "no file": settings_for(broker, mqtt_tls=True, mqtt_ca_file=Path("/nowhere/ca.crt")),
    }[case]
    (finding,) = look_at_broker(settings).values()
    assert finding.is_fault
    assert "WARD_MQTT_TLS" in finding.mend, finding


@pytest.mark.parametrize(
    ("host", "stays"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("192.0.2.4", False), ("b", False)],
)
def test_a_network_is_told_from_this_machine(host: str, stays: bool) -> None:
    assert is_this_machine(host) is stays
