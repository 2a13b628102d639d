"""deploy/mosquitto on a real broker: who may say and hear what, and how much the broker holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.services.mosquitto import Mosquitto

DEVICE = "mon-0101"
OTHER = "mon-0102"
PASSWORDS = {DEVICE: "first", OTHER: "second"}
NOT_AUTHORISED = 0x87
DEVICE_KINDS = ("vitals", "waves", "alarms", "status", "frame", "cmd/result")


class Client:
    """A small blocking MQTT 5 client: the broker's own verdicts, as reason codes."""

    def __init__(self, broker: Mosquitto, user: str, password: str) -> None:
        self._ready = threading.Event()
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"test-{user}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        self.client.username_pw_set(user, password)
        self.client.on_connect = lambda *_: self._ready.set()
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = self._on_publish
        self.client.on_message = self._on_message
        self._verdict = threading.Event()
        self._code = 0
        self.heard: list[tuple[str, bytes]] = []
        self._hears = threading.Condition()
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = 3600
        self.client.connect(broker.host, broker.port, clean_start=False, properties=session)
        self.client.loop_start()
        assert self._ready.wait(10), "the broker did not answer"

    def publish(self, topic: str, payload: bytes = b"{}") -> int:
        """The reason code of the broker's PUBACK: below 0x80 is accepted."""
        self._verdict.clear()
        self.client.publish(topic, payload, qos=1)
        assert self._verdict.wait(10), f"no verdict on {topic}"
        return self._code

    def subscribe(self, topic: str) -> int:
        """The reason code of the broker's SUBACK."""
        self._verdict.clear()
        self.client.subscribe(topic, qos=1)
        assert self._verdict.wait(10), f"no verdict on {topic}"
        return self._code

    def hears(self, count: int) -> list[tuple[str, bytes]]:
        """The first `count` messages, waited for."""
        with self._hears:
            assert self._hears.wait_for(lambda: len(self.heard) >= count, 20), self.heard[-3:]
            return self.heard[:count]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_message(self, client: object, userdata: object, message: paho.MQTTMessage) -> None:
        with self._hears:
            self.heard.append((message.topic, bytes(message.payload)))
            self._hears.notify_all()

    def _on_subscribe(self, *arguments: object) -> None:
        codes = arguments[3]
        assert isinstance(codes, list)
        self._judge(codes[0])

    def _on_publish(self, *arguments: object) -> None:
        self._judge(arguments[3])

    def _judge(self, code: object) -> None:
        self._code = int(getattr(code, "value", 0))
        self._verdict.set()


@pytest.fixture
def broker(mosquitto: Mosquitto) -> Mosquitto:
    mosquitto.add_users(PASSWORDS)
    return mosquitto


@contextmanager
def signed_in(broker: Mosquitto, user: str) -> Iterator[Client]:
    password = PASSWORDS.get(user, broker.hub_password)
    client = Client(broker, user, password)
    try:
        yield client
    finally:
        client.close()


@pytest.mark.parametrize("kind", DEVICE_KINDS)
def test_a_device_speaks_below_its_own_topic_and_the_hub_hears_it(
    broker: Mosquitto, kind: str
) -> None:
    topic = f"ward/v1/{DEVICE}/{kind}"
    with signed_in(broker, broker.hub_user) as hub, signed_in(broker, DEVICE) as device:
        assert hub.subscribe("ward/v1/#") < 0x80
        assert device.publish(topic, b"hello") < 0x80
        assert hub.hears(1) == [(topic, b"hello")]


@pytest.mark.parametrize(
    "topic",
    [
        f"ward/v1/{OTHER}/vitals",
        f"ward/v1/{OTHER}/cmd",
        f"ward/v1/{DEVICE}/cmd",
        f"ward/v1/{DEVICE}/anything",
        f"ward/v1/{DEVICE}/vitals/more",
        f"ward/v1/{DEVICE}",
        "hub/v1/status",
        "hub/v1/alarms/icu",
        "elsewhere",
    ],
)
def test_a_device_may_say_nothing_else(broker: Mosquitto, topic: str) -> None:
    with signed_in(broker, broker.hub_user) as hub, signed_in(broker, DEVICE) as device:
        hub.subscribe("ward/v1/#")
        hub.subscribe("hub/v1/#")
        assert device.publish(topic) == NOT_AUTHORISED
        assert device.publish(f"ward/v1/{DEVICE}/vitals", b"after") < 0x80
        assert hub.hears(1) == [(f"ward/v1/{DEVICE}/vitals", b"after")]


def test_a_device_hears_its_own_commands_only(broker: Mosquitto) -> None:
    with signed_in(broker, broker.hub_user) as hub, signed_in(broker, DEVICE) as device:
        # mosquitto 2.0 accepts any subscription and checks each message instead: so must this.
        for topic in (f"ward/v1/{DEVICE}/cmd", "ward/v1/#", "hub/v1/#", "#"):
            device.subscribe(topic)
        hub.publish(f"ward/v1/{OTHER}/cmd", b"not yours")
        hub.publish("hub/v1/alarms/icu", b"nor this")
        with signed_in(broker, OTHER) as other:
            other.publish(f"ward/v1/{OTHER}/vitals", b"nor that")
        hub.publish(f"ward/v1/{DEVICE}/cmd", b"yours")
        assert {topic for topic, _ in device.hears(1)} == {f"ward/v1/{DEVICE}/cmd"}
    assert all(payload == b"yours" for _, payload in device.heard)


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        (f"ward/v1/{DEVICE}/cmd", True),
        ("hub/v1/status", True),
        ("hub/v1/alarms/icu", True),
        (f"ward/v1/{DEVICE}/vitals", False),
        (f"ward/v1/{DEVICE}/cmd/result", False),
        ("elsewhere", False),
    ],
)
def test_the_hub_commands_but_never_speaks_for_a_device(
    broker: Mosquitto, topic: str, allowed: bool
) -> None:
    with signed_in(broker, broker.hub_user) as hub:
        assert (hub.publish(topic) < 0x80) is allowed


def test_nobody_comes_in_without_an_account(broker: Mosquitto) -> None:
    assert broker.lets_in(DEVICE, PASSWORDS[DEVICE])
    assert not broker.lets_in(DEVICE, "wrong")
    assert not broker.lets_in(DEVICE, "")
    assert not broker.lets_in("nobody", PASSWORDS[DEVICE])


def test_the_largest_picture_gets_through(broker: Mosquitto) -> None:
    picture = bytes(2 * 1024 * 1024)
    with signed_in(broker, broker.hub_user) as hub, signed_in(broker, DEVICE) as device:
        hub.subscribe("ward/v1/+/frame")
        assert device.publish(f"ward/v1/{DEVICE}/frame", picture) < 0x80
        ((_, got),) = hub.hears(1)
        assert len(got) == len(picture)


def test_what_a_hub_that_is_away_would_hear_survives_the_broker(broker: Mosquitto) -> None:
    """Many more than mosquitto's own defaults hold: 20 in flight and 1,000 queued."""
    count = 3000
    with signed_in(broker, broker.hub_user) as hub:
        hub.subscribe("ward/v1/+/vitals")
    with signed_in(broker, DEVICE) as device:
        sent = [
            device.client.publish(f"ward/v1/{DEVICE}/vitals", str(number).encode(), qos=1)
            for number in range(count)
        ]
        sent[-1].wait_for_publish(20)
    broker.stop()
    broker.start()
    with signed_in(broker, broker.hub_user) as hub:
        heard = [int(payload) for _, payload in hub.hears(count)]
    assert heard == list(range(count))


def test_a_killed_broker_keeps_what_it_had_saved(broker: Mosquitto) -> None:
    with signed_in(broker, broker.hub_user) as hub:
        hub.subscribe("ward/v1/+/vitals")
    with signed_in(broker, DEVICE) as device:
        device.publish(f"ward/v1/{DEVICE}/vitals", b"saved")
    broker.save()
    broker.kill9()
    broker.start()
    with signed_in(broker, broker.hub_user) as hub:
        assert hub.hears(1) == [(f"ward/v1/{DEVICE}/vitals", b"saved")]
