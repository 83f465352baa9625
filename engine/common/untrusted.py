"""Model output, data rows, file names and server replies made safe to show: controls become visible signs."""

from __future__ import annotations

import re

UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)


def _sign(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the Unicode pictures of C0 controls: ␛, ␀, ␍
    if code == 0x7F:
        return "␡"
    return f"⟨U+{code:04X}⟩"


def visible(text: str, newlines: bool = True) -> str:
    """Return `text` with every control, bidirectional override and invisible character as a visible sign.

    Newlines are kept where `newlines` is true and shown as `␊` otherwise; a tab becomes four spaces. Unpaired
    surrogates, private characters and tags are shown by their code, so that the result can always be encoded as UTF-8.
    """
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    if newlines:
        return "\n".join(UNSAFE.sub(_sign, line) for line in text.split("\n"))
    return UNSAFE.sub(_sign, text)
