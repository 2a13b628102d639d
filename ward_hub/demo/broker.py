"""The embedded broker of the demo, a program of its own: `python -m ward_hub.demo.broker`.

It asks the registry who may connect, and lets a device publish only below its own topic and read
only its own commands, as the wire contract says. It keeps no session for a client that went away:
right for a demo, not for a hospital.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import signal
import sys
from typing import Final

from amqtt.broker import Broker
from amqtt.contexts import Action, BaseContext, BrokerConfig, ListenerConfig
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from ward_hub import pg
from ward_hub.registry.broker_accounts import load_accounts, verify_device_password
from ward_hub.topics import Kind, parse_topic

HUB_ACCOUNT: Final = "ward-hub"
HUB_PASSWORD: Final = "WARD_DEMO_HUB_PASSWORD"  # noqa: S105 - the name of a variable
DATABASE: Final = "WARD_DEMO_DATABASE_URL"

READABLE: Final = frozenset((Kind.COMMAND,))


def may_connect(username: str | None, password: str | None) -> bool:
    """Whether the registry (or the demo's own hub account) knows this password."""
    if not username or password is None:
        return False
    if username == HUB_ACCOUNT:
        return hmac.compare_digest(password.encode(), os.environ[HUB_PASSWORD].encode())
    with pg.connect(os.environ[DATABASE], "demo broker") as connection:
        accounts = load_accounts(connection)
    stored = next((held for device, held in accounts.items() if device == username), None)
    return verify_device_password(password, stored)


def may_use(username: str | None, topic: str, *, publishing: bool) -> bool:
    """Whether a client may publish to or read a topic (or wildcard)."""
    if username == HUB_ACCOUNT:
        return True
    named = parse_topic(topic)
    if not isinstance(named, tuple) or named[0] != username:
        return False
    return (named[1] not in READABLE) if publishing else named[1] in READABLE


class RegistryAuth(BaseAuthPlugin):  # type: ignore[misc]
    """Asks the registry when a client connects."""

    async def authenticate(self, *, session: Session) -> bool:
        """Whether the client may connect."""
        return await asyncio.to_thread(may_connect, session.username, session.password)


class RegistryTopics(BaseTopicPlugin):  # type: ignore[misc]
    """Holds every client to its own topics."""

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Whether the client may do this."""
        if session is None or topic is None:
            return False
        return may_use(session.username, topic, publishing=action is Action.PUBLISH)


async def serve(port: int) -> None:
    """Run until told to stop. Ends too when the demo that started it is gone."""
    config = BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"127.0.0.1:{port}", max_connections=2000)},
        plugins={
            "ward_hub.demo.broker.RegistryAuth": {},
            "ward_hub.demo.broker.RegistryTopics": {},
        },
    )
    broker = Broker(config)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_reader(sys.stdin, stop.set)
    await broker.start()
    print("ready", flush=True)  # the demo waits for this word
    await stop.wait()
    loop.remove_reader(sys.stdin)
    await broker.shutdown()


def main() -> None:
    """`python -m ward_hub.demo.broker PORT`; the demo holds standard input open."""
    asyncio.run(serve(int(sys.argv[1])))


if __name__ == "__main__":
    main()
