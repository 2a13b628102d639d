from __future__ import annotations
import argparse, asyncio
from device_sim.link import Broker
def add_replay(parser: argparse.ArgumentParser) -> None: ...
async def run_replay(a: argparse.Namespace, b: Broker, stop: asyncio.Event) -> dict[str, object]:
    return {"complete": False}
