"""Simulated bedside monitors that speak the ward's MQTT contract as real ones would.

Stands beside the hub, never inside it: it shares no code with ``ward_hub`` and must never import
it, so that the contract is checked by two independent readings of it. Values here are invented or
replayed, never real-time patient data.
"""

from __future__ import annotations

FIRMWARE = "sim-1.0"
"""What simulated monitors report as their firmware."""
