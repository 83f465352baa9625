"""Standard streams as they are found: closed ones, full ones, encodings that lack our signs."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from collections.abc import Mapping

SPELLED = "deepdive-spelled"  # the name of our error handler

# What stands for a sign where only ASCII is shown: each takes as many cells as the sign itself.
_ALIKE = {
    "✓√": "+",
    "✗✕×": "x",
    "●•": "*",
    "○◯": "o",
    "◌·∙": ".",
    "◪▓": "%",
    "≠": "!",
    "■█▉▊▋▌▐▆▇▅": "#",
    "▄▃": "=",
    "▂▁␣␠": "_",
    "▀": '"',
    "▏▎▍": "|",
    "▒": "=",
    "░": "-",
    "─╌╴╶╸╺┄┅┈┉–—―−‐‑▔": "-",
    "│┃╎╏┆┇┊┋╵╷╹╻▕": "|",
    "┌┐└┘├┤┬┴┼╭╮╰╯┏┓┗┛┣┫┳┻╋┡┩╇╈◆": "+",
    "═━╍": "=",
    "║": "|",
    "╔╗╚╝╠╣╦╩╬": "+",
    "▲↑⌃": "^",
    "▼↓⌄↧": "v",
    "◀◄←‹◂⟨": "<",
    "▶►→›▸↳⟩": ">",
    "↵␊": "/",
    "∅": "0",
    "…±≈∼": "~",
    "✂": "%",
    "’‘´": "'",
    "“”„«»": '"',
    "≤": "<",
    "≥": ">",
    "∞": "8",
    "°": "o",
    "µμ": "u",
    "\u00a0": " ",
}
_SIGNS = {ord(sign): plain for signs, plain in _ALIKE.items() for sign in signs}
_LONGER = {"…": "...", "±": "+-", "≤": "<=", "≥": ">=", "≈": "~=", "␊": "^J"}  # where cells don't matter


def settle() -> None:
    """Make standard streams that can be used, before anything else of this program opens a file.

    Where the shell closed one, its number would be given to the next file, and Python has no stream at all. Reading
    from it meets the end; writing fails, so that lost output is noticed. What an encoding lacks is spelled.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # Opened for reading in every case: what is written to it fails as it would have.
            stream = open(os.open(os.devnull, os.O_RDONLY), "r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    codecs.register_error(SPELLED, _spelled)
    for used, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, SPELLED), (sys.stderr, SPELLED)):
        if hasattr(used, "reconfigure"):
            used.reconfigure(errors=errors)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_LONGER.get(sign) or spelled(sign) for sign in lacking), error.end


def spelled(sign: str) -> str:
    """A sign in ASCII: one of ours by another of the same width, a letter without its accent, else by its number."""
    if ord(sign) in _SIGNS:
        return _SIGNS[ord(sign)]
    if 0x2400 <= ord(sign) < 0x2420:  # the picture of a control character
        return "^" + chr(ord(sign) - 0x2400 + 0x40)
    bare = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return bare or f"<U+{ord(sign):04X}>"


def utf8(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the user's locale is one of UTF-8. Python reads and writes UTF-8 in the locale C too, and may have put
    that into the environment itself (PEP 538): so it can't be asked."""
    environ = os.environ if environ is None else environ
    names = ["LC_ALL", "LC_CTYPE", "LANG"]
    if sys.flags.utf8_mode and environ.get("PYTHONUTF8") != "1" and environ.get("LC_CTYPE") == "C.UTF-8":
        names.remove("LC_CTYPE")
    said = next((environ[name] for name in names if environ.get(name)), "C")
    return said.partition("@")[0].rpartition(".")[2].lower().replace("-", "") == "utf8"
