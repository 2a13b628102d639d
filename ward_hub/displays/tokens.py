"""Comparing secrets without telling how much of them was right."""

from __future__ import annotations

import hmac


def same_text(left: str, right: str) -> bool:
    """Whether both texts are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())
