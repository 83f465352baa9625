"""The one cleaning of keys, wherever they come from, before anything is done with one."""

from __future__ import annotations

import re

from deepdive.engine.common.faults import Refusal
from deepdive.engine.common.services import SERVICES, Service
from deepdive.engine.keys.secret import Secret

LONGEST = 2048
QUOTES = "\"'`“”‘’"
ASSIGNED = re.compile(r"(?:(?:export|set)\s+|\$env:)?[A-Z0-9_]*(?:KEY|TOKEN)\s*=\s*(?=\S)")  # NAME=value, pasted whole
BEARER = re.compile(r"(?:authorization:\s*)?bearer\s+", re.IGNORECASE)


def cleaned(entry: Service, value: str, place: str = "") -> Secret:
    """A key without what was pasted around it: blanks, quotes, `NAME=`, `Bearer`, a byte order mark.

    Raises Refusal, which names `place` (a variable, say) and never shows the value."""
    text, before = value, None
    while text != before:
        before = text
        text = text.strip().strip("\ufeff").strip(QUOTES)
        for around in (ASSIGNED, BEARER):
            if found := around.match(text):
                text = text[found.end() :]
    place = place or entry.name
    if not text:
        raise Refusal(place, "nothing was given", f"a key from {entry.page}")
    if text.startswith("{"):
        raise Refusal(place, "that is a whole file", "the token alone; kaggle.json itself belongs in ~/.kaggle")
    if trouble := _trouble(text):
        raise Refusal(place, f"that is no key: it has {trouble}", f"one word, as copied from {entry.page}")
    for other in SERVICES.values():
        if other is not entry and text.startswith(other.prefix):
            raise Refusal(place, f"that looks like a key of {other.title}", f"a key from {entry.page}")
    return Secret(text)


def _trouble(text: str) -> str:
    """What no HTTP header, so no key, can carry."""
    if len(text) > LONGEST:
        return f"{len(text)} signs"
    if "\n" in text or "\r" in text:
        return "a line break inside"
    odd = next((sign for sign in text if not "!" <= sign <= "~"), "")
    if not odd:
        return ""
    kind = "a blank" if odd in " \t" else "a sign that can't be seen or is not of ASCII"
    return f"{kind}, number {text.index(odd) + 1} of its {len(text)} signs"
