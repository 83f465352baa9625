"""No secret is told: one masking of every text that leaves a process, known secrets in each form that a library may
print them in, and unknown ones by the shapes of the services' keys."""

from __future__ import annotations

import base64
import functools
import json
import re
from urllib.parse import quote, quote_plus

HIDDEN = "***"
LEAST = 8  # signs: what is shorter is no key, and would hide ordinary words
SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_|sk-|KGAT_)(?=[\w-]*\d)[\w-]{16,}"  # a digit: names like hf_hub_download stay
    r"|(?<=Bearer )[^\s'\"]{16,}"
    r"|(?<=://)[^/@\s:'\"]*:[^/@\s'\"]+(?=@)"  # a proxy's user and password
)

_known: dict[str, None] = {}


def remember(secret: str) -> None:
    """From now on no text of this process shows it."""
    _known[str(secret)] = None


def any_known() -> bool:
    return bool(_known)


def masked(text: str) -> str:
    """`text` without the secrets that this process has held, and without what looks like one."""
    return SHAPES.sub(HIDDEN, without_known(text))


def without_known(text: str) -> str:
    """`text` without the secrets that this process has held; nothing else is touched."""
    return _pattern(tuple(_known)).sub(HIDDEN, text) if _known else text


@functools.lru_cache(maxsize=1)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    every = {form for secret in secrets for form in forms(secret)}
    return re.compile("|".join(map(re.escape, sorted(every, key=len, reverse=True))) or r"(?!)")


def forms(secret: str) -> set[str]:
    """How a secret, or a line of it, may stand in a text: as it is, quoted by Python, JSON or a web address, or within
    base64, where it depends on what stands before it."""
    found = set()
    for part in {secret, *secret.splitlines()}:
        raw = part.encode(errors="surrogateescape")
        plain = {part, repr(part)[1:-1], repr(raw)[2:-1], quote(raw, safe=""), quote_plus(raw)}
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + raw[: len(raw) - (len(raw) + before) % 3]).decode()
            plain.add(coded[(0, 2, 3)[before] :])
        found |= plain | {json.dumps(form)[1:-1] for form in plain}
    return {form for form in found if len(form) >= LEAST}
