"""A client of the doctor's own at the broker, driven by hand in the calling thread.

It never uses the hub's client id: a second client of that name would throw the hub out. Whatever
session it leaves behind, the broker forgets within a minute.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ward_hub.clock import Clock
from ward_hub.settings import Settings

CONNECT_WITHIN_S: Final = 3.0
CLOSE_WITHIN_S: Final = 1.0
KEEPALIVE_S: Final = 5
SESSION_KEPT_S: Final = 60
FIRST_BYTES: Final = 64
MOST_IN_FLIGHT: Final = 20_000
MOST_SENT_AT_ONCE: Final = 20
"""What every broker takes; the speed of a few thousand messages does not depend on it."""


class ProbeError(Exception):
    """The broker did not do what was asked; the text says what it said."""


class RefusedError(ProbeError):
    """The broker answered the sign-in, with no."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that reached the probe and is not acknowledged yet."""

    topic: str
    size: int
    first_bytes: bytes
    mid: int
    qos: int


@dataclass(slots=True)
class _Ears:
    """What the broker has said so far."""

    verdict: ReasonCode | None = None
    session_present: bool = False
    lost: str = ""
    granted: dict[int, bool] = field(default_factory=dict)
    taken: dict[int, ReasonCode] = field(default_factory=dict)
    messages: list[Heard] = field(default_factory=list)


class Probe:
    """One connection. Raises ProbeError when it breaks or the broker says no."""

    def __init__(self, settings: Settings, clock: Clock, client_id: str, *, clean: bool) -> None:
        self._settings = settings
        self._clock = clock
        self._clean = clean
        self._ears = _Ears()
        self._is_5 = settings.mqtt_protocol == "5"
        self._client = self._make(client_id)

    @property
    def messages(self) -> list[Heard]:
        """What has arrived, in order."""
        return self._ears.messages

    @property
    def session_present(self) -> bool:
        """Whether the broker had kept a session of this name."""
        return self._ears.session_present

    def open(self) -> None:
        """Connect and sign in."""
        arguments: dict[str, Any] = {}
        if self._is_5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = 0 if self._clean else SESSION_KEPT_S
            properties.ReceiveMaximum = MOST_IN_FLIGHT
            arguments = {"clean_start": self._clean, "properties": properties}
        host, port = self._settings.mqtt_host, self._settings.mqtt_port
        try:
            self._client.connect(host, port, KEEPALIVE_S, **arguments)
        except (OSError, ValueError) as error:
            raise ProbeError(f"{host}:{port}: {error}") from None
        if not self.wait(lambda: self._ears.verdict is not None, CONNECT_WITHIN_S):
            raise ProbeError(f"{host}:{port} takes connections and does not answer MQTT")

    def subscribe(self, topic: str) -> bool:
        """Subscribe, QoS 1; whether the broker allows it."""
        result, mid = self._client.subscribe(topic, 1)
        if result is not MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise ProbeError(f"cannot subscribe: {result.name}")
        self.wait(lambda: mid in self._ears.granted, CONNECT_WITHIN_S)
        return self._ears.granted.get(mid, False)

    def publish(self, topic: str, payload: bytes) -> int:
        """Send a message, QoS 1; returns its number."""
        return self._client.publish(topic, payload, qos=1).mid

    def taken(self, within_s: float, *numbers: int) -> bool:
        """Whether the broker took these messages (an MQTT 5 broker may take them with a no)."""
        return self.wait(lambda: self._ears.taken.keys() >= set(numbers), within_s)

    def was_refused(self, number: int) -> bool:
        """Whether the broker said no to a message it took; 3.1.1 brokers have no word for that."""
        reason = self._ears.taken.get(number)
        return reason is not None and reason.is_failure

    def listen(
        self, count: int, *, quiet_s: float, within_s: float, acknowledging: bool = False
    ) -> int:
        """Wait for so many messages in all, or until none comes any more; how many came.

        Nothing is acknowledged, or, `acknowledging`, all that came before and comes now.
        """
        began_s = last_s = self._clock.monotonic_s()
        seen, acknowledged = len(self.messages), 0
        while seen < count:
            if acknowledging:
                acknowledged = self._acknowledge_from(acknowledged)
            self._turn()
            now_s = self._clock.monotonic_s()
            if len(self.messages) > seen:
                seen, last_s = len(self.messages), now_s
            if now_s - last_s > quiet_s or now_s - began_s > within_s:
                break
        return seen

    def _acknowledge_from(self, first: int) -> int:
        for heard in self.messages[first:]:
            self._client.ack(heard.mid, heard.qos)
        return len(self.messages)

    def wait(self, is_done: Callable[[], bool], within_s: float) -> bool:
        """Listen to the broker until something is so; whether it came to that."""
        give_up_s = self._clock.monotonic_s() + within_s
        while not is_done():
            if self._clock.monotonic_s() > give_up_s:
                return False
            self._turn()
        return True

    def close(self) -> None:
        """Say what is still to be said, and hang up."""
        self._client.disconnect()
        give_up_s = self._clock.monotonic_s() + CLOSE_WITHIN_S
        while self._client.want_write() and self._clock.monotonic_s() < give_up_s:
            if self._client.loop_write() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                break

    def _turn(self) -> None:
        result = self._client.loop(timeout=0.05)
        if self._ears.lost:
            kind = RefusedError if self._ears.verdict is not None else ProbeError
            raise kind(self._ears.lost)
        if result is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise ProbeError(f"the broker ended the connection ({result.name})")

    def _make(self, client_id: str) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._is_5 else self._clean,
            protocol=MQTTProtocolVersion.MQTTv5 if self._is_5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_inflight_messages_set(MOST_SENT_AT_ONCE)
        if settings.mqtt_username:
            client.username_pw_set(
                settings.mqtt_username, settings.mqtt_password.get_secret_value()
            )
        if settings.mqtt_tls:
            context = ssl.create_default_context(cafile=settings.mqtt_ca_file)
            client.tls_set_context(context)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_publish = self._taken
        client.on_message = self._arrived
        return client

    def _connected(
        self,
        _client: paho.Client,
        _data: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._ears.verdict = reason
        self._ears.session_present = flags.session_present
        if reason.is_failure:
            self._ears.lost = str(reason)

    def _disconnected(
        self,
        _client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._ears.lost = self._ears.lost or f"the broker ended the connection ({reason})"

    def _subscribed(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        self._ears.granted[mid] = not any(reason.is_failure for reason in reasons)

    def _taken(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._ears.taken[mid] = reason

    def _arrived(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        size = len(message.payload)
        first_bytes = bytes(message.payload[:FIRST_BYTES])
        heard = Heard(message.topic, size, first_bytes, message.mid, message.qos)
        self._ears.messages.append(heard)


@contextmanager
def probing(
    settings: Settings, clock: Clock, client_id: str, *, clean: bool = True
) -> Iterator[Probe]:
    """A connected probe for the length of the block."""
    probe = Probe(settings, clock, client_id, clean=clean)
    try:
        probe.open()
        yield probe
    finally:
        probe.close()
