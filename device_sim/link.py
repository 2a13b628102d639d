"""One device's connection to the broker: paho's client driven by the asyncio loop, one socket a
device.

A link lives for one connection: it is opened, ends (`lost` resolves) and is thrown away. It keeps
nothing that must outlive it; the session takes back what was not acknowledged. Sending never
blocks: the socket is non-blocking and what does not fit waits in the client. It must never
reconnect on its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

CONNECT_TIMEOUT_S = 2.0
ACCEPT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is; with `tls_ca` (a PEM file) or `has_tls` the connection is encrypted."""

    host: str = "127.0.0.1"
    port: int = 1883
    has_tls: bool = False
    tls_ca: str | None = None
    keepalive_s: int = 20

    def tls_context(self) -> ssl.SSLContext | None:
        """The context shared by all devices, or None without TLS."""
        if not (self.has_tls or self.tls_ca):
            return None
        return _tls_context(self.tls_ca)


@lru_cache(maxsize=4)
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


class LinkRefused(Exception):
    """No connection: the network or the broker said no."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a device is to the broker, and the last will it leaves there."""

    device_id: str
    password: str
    will_topic: str
    will_payload: bytes


class Link:
    """A connection being made, in use or ended."""

    def __init__(
        self,
        broker: Broker,
        identity: Identity,
        on_ack: Callable[[int], None],
        on_command: Callable[[bytes], None],
    ) -> None:
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._on_ack = on_ack
        self._on_command = on_command
        self._accepted: asyncio.Future[str | None] = self._loop.create_future()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._watched: socket.socket | None = None
        self._client = self._make_client(identity)

    def _make_client(self, identity: Identity) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=identity.device_id, reconnect_on_failure=False
        )
        client.username_pw_set(identity.device_id, identity.password)
        client.will_set(identity.will_topic, identity.will_payload, qos=1, retain=True)
        client.max_inflight_messages_set(0)
        client.connect_timeout = CONNECT_TIMEOUT_S
        context = self._broker.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_message = self._received
        client.on_socket_close = self._socket_closed
        return client

    async def open(self) -> None:
        """Connect and wait until the broker accepts; raises LinkRefused with the reason."""
        connecting = self._loop.run_in_executor(
            None,
            self._client.connect,
            self._broker.host,
            self._broker.port,
            self._broker.keepalive_s,
        )
        try:
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            connecting.add_done_callback(self._abandon)
            raise
        except (OSError, ValueError) as error:
            raise LinkRefused(str(error)) from None
        self._watch()
        await self._wait_until_accepted()

    def _abandon(self, connecting: asyncio.Future[MQTTErrorCode]) -> None:
        if not connecting.cancelled() and connecting.exception() is None:
            self.cut()

    async def _wait_until_accepted(self) -> None:
        try:
            refusal = await asyncio.wait_for(asyncio.shield(self._accepted), ACCEPT_TIMEOUT_S)
        except TimeoutError:
            self.cut()
            raise LinkRefused("no answer from the broker") from None
        except asyncio.CancelledError:
            self.cut()
            raise
        if refusal is not None:
            self.cut()
            raise LinkRefused(refusal)

    def subscribe(self, topic: str) -> None:
        """Ask for messages on `topic`."""
        self._client.subscribe(topic, qos=1)
        self._watch_writing()

    def send(self, topic: str, payload: bytes, qos: int, *, retain: bool = False) -> int | None:
        """Publish; returns the message id to be acknowledged, None without a connection."""
        if self.lost.done():
            return None
        info = self._client.publish(topic, payload, qos, retain)
        self._watch_writing()
        return info.mid if not self.lost.done() else None

    def tend(self) -> None:
        """Keep the connection alive; call about once a second."""
        self._client.loop_misc()
        self._watch_writing()

    def cut(self) -> None:
        """End the connection without a word, as a pulled cable would: the last will follows."""
        sock = self._socket()
        if sock is None:
            return
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        self._readable()

    def close(self) -> None:
        """Say goodbye and close; no last will follows."""
        self._client.disconnect()
        self._watch_writing()

    def _watch(self) -> None:
        sock = self._socket()
        if sock is None:
            self._end()
            return
        self._watched = sock
        self._loop.add_reader(sock, self._readable)
        self._watch_writing()
        self._readable()

    def _readable(self) -> None:
        self._client.loop_read()
        sock = self._socket()
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            self._client.loop_read()
            sock = self._socket()

    def _socket(self) -> socket.socket | None:
        sock = self._client.socket()
        return sock if isinstance(sock, socket.socket) else None

    def _watch_writing(self) -> None:
        if self._watched is not None and self._client.want_write():
            self._loop.add_writer(self._watched, self._writable)

    def _writable(self) -> None:
        self._client.loop_write()
        if self._watched is not None and not self._client.want_write():
            self._loop.remove_writer(self._watched)

    def _socket_closed(self, _client: paho.Client, _data: object, _sock: object) -> None:
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._loop.remove_writer(self._watched)
            self._watched = None
            self._end()

    def _end(self) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        if not self._accepted.done():
            self._accepted.set_result("the connection was closed")

    def _connected(
        self,
        _client: paho.Client,
        _data: object,
        _flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._accepted.done():
            self._accepted.set_result(str(reason) if reason.is_failure else None)

    def _disconnected(self, *_details: object) -> None:
        if self._watched is not None:
            self._end()

    def _published(
        self,
        _client: paho.Client,
        _data: object,
        mid: int,
        _reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._on_ack(mid)

    def _received(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._on_command(bytes(message.payload))
