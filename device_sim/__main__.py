"""Entry point of ``python -m device_sim``."""

from __future__ import annotations

import sys

from device_sim.cli import main

if __name__ == "__main__":
    sys.exit(main())
