"""Short hashes that stand for texts."""

from __future__ import annotations

import hashlib


def short_hash(*parts: str) -> str:
    """Twelve hexadecimal digits that stand for `parts`."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
