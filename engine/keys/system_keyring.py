"""The system's keyring as this program sees it: asked in a child process, trusted only if the system guards it.

Whatever is wrong with it (none there, switched off, locked, silent) is a state with a sentence, never an exception, and
known within `PATIENCE`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from deepdive.engine.common import child
from deepdive.engine.keys.secret import Secret

PATIENCE = 2.0  # seconds for a keyring that has nobody to ask
DIALOG_PATIENCE = 60.0  # seconds to type a passphrase into the desktop's own dialog
SYSTEM_KEYRINGS = (  # what the operating system guards; others are files of some package
    "keyring.backends.SecretService.Keyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.macOS.Keyring",
    "keyring.backends.Windows.WinVaultKeyring",
)
DESKTOP = (
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "KDE_FULL_SESSION",
    "KDE_SESSION_VERSION",
)
State = Literal["works", "none", "off", "refused", "locked", "broken", "silent"]


@dataclass(frozen=True)
class Answer:
    """What the keyring is worth, in a sentence, and the values that were asked for (those that it has)."""

    state: State
    says: str
    values: dict[str, Secret] = field(default_factory=dict, repr=False)

    @property
    def works(self) -> bool:
        return self.state == "works"


def ask(
    do: Literal["get", "set", "delete"] = "get", names: Sequence[str] = (), value: str = "", dialog: bool = False
) -> Answer:
    """One question to the keyring. With `dialog` a desktop's unlock dialog is waited for."""
    asked = {"do": do, "names": list(names), "value": value, "allowed": SYSTEM_KEYRINGS}
    screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    patience = DIALOG_PATIENCE if dialog and screen else PATIENCE
    try:
        reply = child.ask("keys.keyring_child", asked, dict, patience, **_desktop())
    except child.Silent:
        says = f"the system's keyring gave no answer in {patience:g} s (it may wait for a dialog or a hanging D-Bus)"
        return Answer("silent", says)
    if reply.told is None:
        return Answer("broken", f"the keyring can't be loaded: {reply.last_error}")
    told = reply.told
    trouble = told["trouble"].replace(value, "***") if value else told["trouble"]
    state, says = judge(told["backend"], trouble)
    return Answer(state, says, {name: Secret(found) for name, found in told["values"].items() if found})


def _desktop() -> dict[str, Any]:
    """What leads to a desktop's keyring; no other child gets it."""
    return {name: value for name, value in os.environ.items() if name in DESKTOP or name.startswith("KEYRING_")}


def judge(backend: str, trouble: str) -> tuple[State, str]:
    """What a keyring of that class, with that error, is worth."""
    name = backend.removeprefix("keyring.backends.").removesuffix(".Keyring")
    if backend in SYSTEM_KEYRINGS:
        if not trouble:
            return "works", f"system keyring ({name})"
        if "Locked" in trouble or "dismissed" in trouble:
            return "locked", f"the system keyring ({name}) is locked"
        return "broken", f"the system keyring ({name}) does not work: {trouble}"
    if backend.startswith("keyring.backends.fail."):
        return "none", "this machine has no system keyring"
    if backend.startswith("keyring.backends.null."):
        return "off", "the keyring is switched off (null): it would forget every key"
    if "Plaintext" in backend:
        return "refused", f"{backend} keeps keys in plain text: it is not used"
    return "refused", f"{backend} is no system keyring: it is not used"
