"""A monitor the test speaks through itself, message by message, waiting for the broker's PUBACK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.services.mosquitto import Mosquitto


class Bedside:
    """A connected device. Every message it says is with the broker when the call returns."""

    def __init__(self, broker: Mosquitto, device: str, password: str) -> None:
        self.device = device
        self.seq = 0
        self._connected = Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=device)
        self._client.username_pw_set(device, password)
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = lambda *_: self._connected.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        assert self._connected.wait(10), "the broker did not answer"

    def vitals(self, **values: float | None) -> None:
        """Send numbers, measured now."""
        at = datetime.now(UTC).isoformat()
        sample = {"t": at, "seq": self.seq, "v": values}
        self.seq += 1
        self.say("vitals", json.dumps(sample).encode())

    def say(self, kind: str, payload: bytes) -> None:
        """Send anything on one of the device's own topics."""
        self.publish(f"ward/v1/{self.device}/{kind}", payload).wait_for_publish(10)

    def publish(self, topic: str, payload: bytes) -> paho.MQTTMessageInfo:
        """Send anything anywhere, QoS 1; the caller waits for its PUBACK."""
        return self._client.publish(topic, payload, qos=1)

    def close(self) -> None:
        """Go, in an orderly way."""
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def bedside(broker: Mosquitto, device: str, password: str) -> Iterator[Bedside]:
    """A device, connected until the block ends."""
    connected = Bedside(broker, device, password)
    try:
        yield connected
    finally:
        connected.close()
