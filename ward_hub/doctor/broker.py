"""Is the broker there, does it let the hub in, and does it keep what the hub must not lose?

The running broker is asked, not its file: messages are put in for a client that is away and
counted when it comes back. mosquitto's own defaults (20 in flight, 1,000 waiting) lose messages
whenever the hub is restarted on a busy ward, without a word in any log.

Everything goes through topics and client ids made up for this one examination, and nothing is
retained. The hub's own session is not touched; whether somebody uses it is read from the status
that the hub leaves on the broker.
"""

from __future__ import annotations

import ipaddress
import secrets as random
import socket
import ssl
from collections.abc import Iterator
from typing import Final

from ward_hub.clock import Clock
from ward_hub.core.ids import DeviceId
from ward_hub.doctor.findings import Finding, Secrets, fault, ok, warning
from ward_hub.doctor.probe import CONNECT_WITHIN_S, Probe, ProbeError, RefusedError, probing
from ward_hub.settings import Settings
from ward_hub.topics import HUB_STATUS, Kind, device_topic

TEST_MESSAGES: Final = 3000
ENOUGH_IN_FLIGHT: Final = 2000
QUIET_S: Final = 0.7
SEND_WITHIN_S: Final = 4.0
HEAR_WITHIN_S: Final = 2.5
ANSWER_WITHIN_S: Final = 1.0
RETAINED_WITHIN_S: Final = 0.5
LARGEST_PAYLOAD: Final = 2 * 1024 * 1024

TEST_TOPIC: Final = "hub/v1/doctor/{}"

_CONF: Final = "in mosquitto.conf, then restart it"
_REFUSALS: Final = {
    "protocol": "set WARD_MQTT_PROTOCOL=3.1.1 (this broker speaks no MQTT 5)",
    "identifier": "let the account ward-hub use client ids that begin with ward-hub",
}
_SIGN_IN: Final = (
    "mosquitto_passwd -b /etc/mosquitto/passwd {user} <password>; systemctl reload mosquitto\n"
    "the same password in WARD_MQTT_PASSWORD (or its _FILE)"
)
_START: Final = "systemctl start mosquitto, or correct WARD_MQTT_HOST and WARD_MQTT_PORT"
_OLDER: Final = "\nor set WARD_MQTT_PROTOCOL=3.1.1, for a broker that speaks no MQTT 5"
_TLS: Final = "correct WARD_MQTT_TLS, WARD_MQTT_CA_FILE and WARD_MQTT_PORT (8883 is usual with TLS)"


def examine_broker(
    settings: Settings, clock: Clock, secrets: Secrets, *, hub_runs: bool
) -> list[Finding]:
    """Every finding about the broker; only the first when it cannot be used."""
    findings: list[Finding] = []
    try:
        for finding in _look(settings, clock, hub_runs=hub_runs):
            findings.append(finding)  # noqa: PERF402 - what was found before a failure is kept
    except RefusedError as error:
        findings.append(_refused(settings, secrets.hide(error)))
    except (ssl.SSLError, ConnectionResetError) as error:
        findings.append(fault("broker tls", secrets.hide(error), _TLS))
    except (OSError, ProbeError) as error:
        findings.append(_unreachable(settings, secrets.hide(error)))
    return findings


def _refused(settings: Settings, said: str) -> Finding:
    mend = next((mend for part, mend in _REFUSALS.items() if part in said.lower()), None)
    found = f"{settings.mqtt_host}:{settings.mqtt_port} refuses {settings.mqtt_username!r}: {said}"
    return fault("broker", found, mend or _SIGN_IN.format(user=settings.mqtt_username))


def _unreachable(settings: Settings, said: str) -> Finding:
    is_tls = "ended the connection" in said
    if settings.mqtt_ca_file is not None and not settings.mqtt_ca_file.is_file():
        said = f"{settings.mqtt_ca_file}: no such file"
        is_tls = True
    is_silent = "does not answer" in said and settings.mqtt_protocol == "5"
    return fault("broker", said, _TLS if is_tls else f"{_START}{_OLDER if is_silent else ''}")


def _look(settings: Settings, clock: Clock, *, hub_runs: bool) -> Iterator[Finding]:
    key = random.token_hex(6)
    # First by hand: paho leaves a connection open whose handshake failed.
    tls = _handshake(settings) if settings.mqtt_tls else ""
    with probing(settings, clock, f"ward-hub-doctor-{key}") as probe:
        yield _reached(settings)
        yield _encrypted(settings, tls)
        yield _in_use(settings, probe, hub_runs=hub_runs)
        yield _commands(settings, probe, key)
        yield _largest(probe, key)
    yield from _waiting_room(settings, clock, key)


def _reached(settings: Settings) -> Finding:
    where = f"{settings.mqtt_host}:{settings.mqtt_port}"
    return ok("broker", f"{where}, MQTT {settings.mqtt_protocol}, as {settings.mqtt_username}")


def _handshake(settings: Settings) -> str:
    """The TLS version the broker speaks. Raises OSError, ssl.SSLError for its certificate."""
    context = ssl.create_default_context(cafile=settings.mqtt_ca_file)
    address = (settings.mqtt_host, settings.mqtt_port)
    with (
        socket.create_connection(address, timeout=CONNECT_WITHIN_S) as plain,
        context.wrap_socket(plain, server_hostname=settings.mqtt_host) as secured,
    ):
        return secured.version() or ""


def _encrypted(settings: Settings, tls: str) -> Finding:
    if tls:
        return ok("broker tls", f"{tls}, the certificate of {settings.mqtt_host} is good")
    if is_this_machine(settings.mqtt_host):
        return ok("broker tls", "none, and none is needed on this machine")
    return warning(
        "broker tls",
        "password and vital signs cross the network in clear",
        "set WARD_MQTT_TLS=true, WARD_MQTT_CA_FILE and WARD_MQTT_PORT=8883",
    )


def is_this_machine(host: str) -> bool:
    """Whether what is sent to this host stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_use(settings: Settings, probe: Probe, *, hub_runs: bool) -> Finding:
    """A hub says on the broker that it is online; if it is not ours, it has our session."""
    may_read = probe.subscribe(HUB_STATUS)
    name = settings.mqtt_client_id
    probe.wait(lambda: bool(probe.messages), RETAINED_WITHIN_S)
    online = any(
        heard.topic == HUB_STATUS and b'"online"' in heard.first_bytes for heard in probe.messages
    )
    if not may_read:
        return fault("client id", f"the account may not read {HUB_STATUS}", _acl(settings))
    if not online:
        return ok("client id", f"{name} is not in use")
    if hub_runs:
        return ok("client id", f"{name} is in use by the hub that runs here")
    return warning(
        "client id",
        f"a hub is online at this broker, and none answers here: a second {name} throws it out",
        "stop the other hub first, or give this one a WARD_MQTT_CLIENT_ID of its own",
    )


def _acl(settings: Settings) -> str:
    return f"copy deploy/mosquitto/acl (its user is {settings.mqtt_username}); reload mosquitto"


def _commands(settings: Settings, probe: Probe, key: str) -> Finding:
    """A command to a device that does not exist: the hub may send it, and reads it back."""
    topic = device_topic(DeviceId(f"doctor-{key}"), Kind.COMMAND)
    may_read = probe.subscribe(topic.rpartition("/")[0] + "/#")
    number = probe.publish(topic, b"{}")
    heard = probe.wait(lambda: _came(probe, topic), ANSWER_WITHIN_S)
    if heard:
        return ok("broker rights", "reads ward/v1/#, writes ward/v1/+/cmd")
    what = "write ward/v1/+/cmd" if probe.was_refused(number) else "use ward/v1/+/cmd"
    what = what if may_read else "read ward/v1/#"
    return fault("broker rights", f"the account may not {what}", _acl(settings))


def _came(probe: Probe, topic: str, size: int = 0) -> bool:
    return any(heard.topic == topic and heard.size >= size for heard in probe.messages)


def _largest(probe: Probe, key: str) -> Finding:
    topic = TEST_TOPIC.format(f"{key}/large")
    probe.subscribe(topic)
    probe.publish(topic, bytes(LARGEST_PAYLOAD))
    try:
        came = probe.wait(lambda: _came(probe, topic, LARGEST_PAYLOAD), 2 * ANSWER_WITHIN_S)
    except ProbeError:
        came = False
    if came:
        return ok("largest message", "2 MiB gets through")
    return fault("largest message", "2 MiB does not", f"message_size_limit 2200000 {_CONF}")


def _waiting_room(settings: Settings, clock: Clock, key: str) -> Iterator[Finding]:
    """Leave a session, fill it while it is away, and see what the broker kept of it."""
    name, topic = f"ward-hub-doctor-{key}-away", TEST_TOPIC.format(key)
    try:
        with probing(settings, clock, name, clean=False) as probe:
            if not probe.subscribe(topic):
                yield fault("session", "the account may not read hub/v1/#", _acl(settings))
                return
        sent = _send(settings, clock, key, topic)
        with probing(settings, clock, name, clean=False) as probe:
            session = _session(probe)
            yield session
            if session.is_fault:
                return
            in_flight = probe.listen(sent, quiet_s=QUIET_S, within_s=HEAR_WITHIN_S)
            kept = probe.listen(sent, quiet_s=QUIET_S, within_s=HEAR_WITHIN_S, acknowledging=True)
        yield _in_flight(in_flight, kept)
        yield _queue(kept, sent)
    finally:
        with probing(settings, clock, name, clean=True):
            pass  # a clean start under its name ends the session


def _send(settings: Settings, clock: Clock, key: str, topic: str) -> int:
    with probing(settings, clock, f"ward-hub-doctor-{key}-sends") as probe:
        numbers = [probe.publish(topic, b"%d" % number) for number in range(TEST_MESSAGES)]
        if not probe.taken(SEND_WITHIN_S, *numbers):
            raise ProbeError(f"did not take {TEST_MESSAGES} messages in {SEND_WITHIN_S:g} s")
    return len(numbers)


def _session(probe: Probe) -> Finding:
    if probe.session_present:
        return ok("session", "is there after a reconnect")
    return fault(
        "session",
        "the broker forgets the session when the hub is away: what comes then is lost",
        "use a broker that keeps sessions, mosquitto for one (the demo's does not)",
    )


def _in_flight(count: int, kept: int) -> Finding:
    if count > ENOUGH_IN_FLIGHT or count == kept:
        return ok("messages in flight", f"at least {count:,} before the first acknowledgement")
    return fault(
        "messages in flight",
        f"only {count:,} before the first acknowledgement: a busy ward falls behind",
        f"max_inflight_messages 20000 {_CONF}",
    )


def _queue(kept: int, sent: int) -> Finding:
    if kept >= sent:
        return ok("messages kept", f"all {sent:,} for a hub that is away")
    return fault(
        "messages kept",
        f"only {kept:,} of {sent:,} for a hub that is away: the others are lost",
        f"max_queued_messages 500000 {_CONF}",
    )
