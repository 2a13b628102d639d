"""The link to the broker: paho-mqtt driven by the event loop, acknowledging by hand.

paho reads and writes on the loop's own thread, so a message is handled where it is read and
nothing is handed between threads. PUBACK for a message goes out only when its receiver says so
(`Delivery.acknowledge`), which for the ingest is after the commit. The session is persistent: what
the hub did not acknowledge, the broker sends again.

A message number belongs to one connection. After a reconnect the same number may stand for another
message that is not on disk yet, so an acknowledgement of an earlier connection is dropped: the
broker delivers that message again anyway.

Must never drop a message: when the receiver is full, the socket is not read (`pause`), and the
broker keeps the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ward_hub.clock import Clock
from ward_hub.log import Log

KEEPALIVE_S: Final = 20
CONNECT_TIMEOUT_S: Final = 5.0
MOST_IN_FLIGHT: Final = 20_000
SESSION_KEPT_S: Final = 7 * 24 * 3600
SHORTEST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there. `protocol` is "5" or "3.1.1"."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    client_id: str = "ward-hub"
    protocol: str = "5"
    tls: bool = False
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message from the broker. `acknowledge` sends its PUBACK; once, when it is safe."""

    topic: str
    payload: bytes
    received_at: datetime
    acknowledge: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether the broker is there, since when, and what was wrong last."""

    connected: bool
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we are gone."""

    topic: str
    payload: bytes


class BrokerLink:
    """One connection with a persistent session, kept up for ever by `run`."""

    def __init__(
        self,
        address: BrokerAddress,
        subscriptions: tuple[str, ...],
        *,
        clock: Clock,
        log: Log,
        on_message: Callable[[Delivery], None],
        on_state: Callable[[LinkState], None],
        will: Will | None = None,
        birth: Will | None = None,
    ) -> None:
        self._address = address
        self._subscriptions = subscriptions
        self._clock = clock
        self._log = log
        self._on_message = on_message
        self._on_state = on_state
        self._birth = birth
        self._will = will
        self._generation = 0
        self._paused = False
        self._socket: Any = None
        self._lost = asyncio.Event()
        self._client = self._make_client(will)
        self.state = LinkState(connected=False, since=clock.now(), reason="starting")

    async def run(self) -> None:
        """Stay connected until cancelled. Waits a little longer after each failure."""
        wait_s = SHORTEST_WAIT_S
        try:
            while True:
                if await self._connect():
                    wait_s = SHORTEST_WAIT_S
                    await self._attend()
                    self._hang_up()
                await asyncio.sleep(wait_s * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
        finally:
            self._say_goodbye()
            self._hang_up()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send a message, QoS 1. While the broker is away it is queued and sent afterwards."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def pause(self) -> None:
        """Stop reading; the broker keeps what it has for us."""
        self._paused = True
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)

    def resume(self) -> None:
        """Read again."""
        if self._paused and self._socket is not None:
            asyncio.get_running_loop().add_reader(self._socket, self._readable)
        self._paused = False

    def _make_client(self, will: Will | None) -> paho.Client:
        address = self._address
        is_5 = address.protocol == "5"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            clean_session=None if is_5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if is_5 else MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_queued_messages_set(10_000)
        if address.username:
            client.username_pw_set(address.username, address.password)
        if address.tls:
            client.tls_set_context(ssl.create_default_context(cafile=address.ca_file))
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=True)
        client.on_message = self._arrived
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_socket_register_write = self._wants_to_write
        client.on_socket_unregister_write = self._has_written
        client.on_socket_close = self._socket_closed
        return client

    async def _connect(self) -> bool:
        self._lost.clear()
        arguments: dict[str, Any] = {}
        if self._address.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_KEPT_S
            properties.ReceiveMaximum = MOST_IN_FLIGHT
            arguments = {"clean_start": False, "properties": properties}
        host, port = self._address.host, self._address.port
        try:
            await asyncio.to_thread(
                self._client.connect, host, port, keepalive=KEEPALIVE_S, **arguments
            )
        except (OSError, ValueError) as error:
            self._set_state(connected=False, reason=f"{type(error).__name__}: {error}")
            return False
        self._attach()
        return True

    def _attach(self) -> None:
        sock = self._client.socket()
        if sock is None:
            self._lost.set()
            return
        self._socket = sock
        loop = asyncio.get_running_loop()
        if not self._paused:
            loop.add_reader(sock, self._readable)
        loop.add_writer(sock, self._writable)

    async def _attend(self) -> None:
        """See to pings until the connection is lost."""
        while not self._lost.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), 1.0)
            if self._client.loop_misc() is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lost.set()

    def _say_goodbye(self) -> None:
        """Say ourselves what the will would: the broker keeps a will to itself after a farewell."""
        if self._will is not None and self.state.connected:
            self._client.publish(self._will.topic, self._will.payload, qos=1, retain=True)
            self._client.loop_write()

    def _hang_up(self) -> None:
        """Close what is left of the connection; the broker keeps the session."""
        self._client.disconnect()
        self._client.loop_write()

    def _readable(self) -> None:
        self._client.loop_read()
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._client.loop_read()

    def _writable(self) -> None:
        self._client.loop_write()

    def _wants_to_write(self, _client: paho.Client, _data: object, sock: Any) -> None:
        if sock is self._socket:
            asyncio.get_running_loop().add_writer(sock, self._writable)

    def _has_written(self, _client: paho.Client, _data: object, sock: Any) -> None:
        if sock is self._socket:
            asyncio.get_running_loop().remove_writer(sock)

    def _socket_closed(self, _client: paho.Client, _data: object, sock: Any) -> None:
        if sock is self._socket:
            loop = asyncio.get_running_loop()
            loop.remove_reader(sock)
            loop.remove_writer(sock)
            self._socket = None
            self._lost.set()

    def _connected(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._set_state(connected=False, reason=str(reason))
            self._lost.set()
            return
        client.subscribe([(topic, 1) for topic in self._subscriptions])
        if self._birth is not None:
            client.publish(self._birth.topic, self._birth.payload, qos=1, retain=True)
        self._set_state(connected=True)

    def _disconnected(
        self,
        _client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._generation += 1
        if self.state.connected:  # else a refused connection has already said why
            self._set_state(connected=False, reason=str(reason))
        self._lost.set()

    def _set_state(self, *, connected: bool, reason: str = "") -> None:
        changed = connected != self.state.connected
        since = self._clock.now() if changed else self.state.since
        self.state = LinkState(connected, since, reason)
        if changed:
            self._log.warning("broker", connected=connected, reason=reason)
            self._on_state(self.state)

    def _arrived(self, client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        generation, mid, qos = self._generation, message.mid, message.qos

        def acknowledge() -> None:
            if qos and generation == self._generation:
                client.ack(mid, qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        payload = bytes(message.payload)
        self._on_message(Delivery(topic, payload, self._clock.now(), acknowledge))
