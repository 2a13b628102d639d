"""The in-process bus: features tell each other what happened without knowing each other.

A publisher calls `publish(event)`; every listener for that event's class is called at once, in the
order they came, on the event loop's own thread. There is no queue here and so nothing to overflow:
a listener must return at once and keep whatever queue it needs itself, with a bound and a policy.
A listener that raises is a programming error; it is given to `on_error` so that one broken display
can never keep an alarm from the next listener.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Event = TypeVar("Event")
Listener = Callable[[Any], None]


class Bus:
    """Typed publish and subscribe between the features of one hub."""

    def __init__(self, on_error: Callable[[BaseException, object], None]) -> None:
        self._listeners: dict[type, tuple[Listener, ...]] = {}
        self._on_error = on_error

    def listen(self, kind: type[Event], listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event of exactly this class; returns how to stop that."""
        self._listeners[kind] = (*self._listeners.get(kind, ()), listener)

        def stop() -> None:
            held = self._listeners.get(kind, ())
            self._listeners[kind] = tuple(each for each in held if each is not listener)

        return stop

    def publish(self, event: object) -> None:
        """Hand the event to every listener for its class."""
        for listener in self._listeners.get(type(event), ()):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - one listener must not silence the others
                self._on_error(error, event)
