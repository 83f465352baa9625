"""Where a secret lives, and the one place that hands it out.

Looked for in this order: this session (the process's memory), the environment, the system's keyring, the encrypted
file, a service's own login. Nothing here prints, logs or stores a secret anywhere else; what is told to a reader is its
last four characters at most.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from deepdive.engine.common.faults import Fault, Refusal
from deepdive.engine.common.services import SERVICES, Service, service
from deepdive.engine.keys import cleaning, system_keyring
from deepdive.engine.keys.logins import LOGOUT, own_login
from deepdive.engine.keys.secret import Secret
from deepdive.engine.keys.vault import Vault

Where = Literal["session", "environment", "keyring", "file", "own", "none"]
LEAST_SHOWN = 16  # characters a secret must have before its last four are told
LONGEST = cleaning.LONGEST
KEPT_SHUT = ("locked", "silent", "broken")  # a keyring of which nobody can tell what it holds


@dataclass(frozen=True)
class Found:
    """Where a service's key was found. `shadowed` are places that have one too and come later.

    `trouble` is why what lies there is no key, or why nobody can tell whether there is one."""

    service: Service
    where: Where = "none"
    place: str = "not set"
    secret: Secret | None = field(default=None, repr=False)
    shadowed: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def last(self) -> str:
        """…wxyz, or nothing where that would tell too much."""
        return f"…{self.secret[-4:]}" if self.secret and len(self.secret) >= LEAST_SHOWN else ""

    @property
    def next(self) -> str:
        """What to do next, as a sentence; empty where nothing is."""
        name, variable = self.service.name, self.service.variables[0]
        if self.trouble:
            return self.trouble
        match self.where:
            case "none":
                return f"make one at {self.service.page}, then `deepdive keys set {name}`"
            case "environment" if self.shadowed:
                return f"{self.place} comes first; unset it to use the one in: {', '.join(self.shadowed)}"
            case "session":
                return "forgotten when the interface ends"
            case "file" if self.secret is None:
                return f"locked: give its passphrase on the keys screen, or export {variable}"
        return ""


@dataclass(frozen=True)
class Survey:
    """The keyring's worth and every service's key."""

    keyring: system_keyring.Answer
    found: dict[str, Found]

    @property
    def storable(self) -> tuple[Where, ...]:
        """Where a new key can go, best first."""
        return ("keyring", "session", "file") if self.keyring.works else ("session", "file")


_session: dict[str, Secret] = {}
_vaults: dict[Path, Vault] = {}


def vault() -> Vault:
    """This home's encrypted file; opened once, it stays open for the process."""
    made = Vault()
    return _vaults.setdefault(made.path, made)


# ---- finding ------------------------------------------------------------------------------------------------------


def survey() -> Survey:
    """Look everywhere. Takes two seconds at most, where the keyring is silent."""
    keyring = system_keyring.ask("get", list(SERVICES))
    return Survey(keyring, {name: _found(entry, keyring) for name, entry in SERVICES.items()})


def find(names: Iterable[str]) -> dict[str, Secret]:
    """The secrets that there are of these services; the keyring is only asked where nothing comes before it.

    Raises Refusal, by the name of its place, for one that can't be a key."""
    wanted = list(dict.fromkeys(names))
    here: dict[str, Secret] = {}
    for name in wanted:
        if name in _session:
            here[name] = _session[name]
        elif exported := _environment(service(name)):
            here[name] = cleaning.cleaned(service(name), exported[1], exported[0])
    missing = [name for name in wanted if name not in here]
    if missing:
        for name, value in system_keyring.ask("get", missing).values.items():
            here[name] = cleaning.cleaned(service(name), value, "the system keyring")
    for name in missing:
        if name not in here and (sealed := vault().get(name)):
            here[name] = cleaning.cleaned(service(name), sealed, "the encrypted file")
    return here


def locked(names: Iterable[str]) -> list[str]:
    """Those of the services whose key lies only in the encrypted file, which is locked."""
    file = vault()
    waiting = [name for name in names if name in file.names] if not file.open else []
    found = find(waiting) if waiting else {}
    return [name for name in waiting if name not in found]


def _found(entry: Service, keyring: system_keyring.Answer) -> Found:
    name, file = entry.name, vault()
    everywhere: list[tuple[Where, str, str | None, str]] = []  # the last: its place, short
    if name in _session:
        everywhere.append(("session", "this session only", _session[name], "this session"))
    if exported := _environment(entry):
        everywhere.append(("environment", f"environment, {exported[0]}", exported[1], exported[0]))
    if name in keyring.values:
        everywhere.append(("keyring", keyring.says, keyring.values[name], "the system keyring"))
    if name in file.names:
        everywhere.append(("file", "encrypted file", file.get(name), "the encrypted file"))
    if own := own_login(name):
        everywhere.append(("own", f"{entry.title}'s own login, {_short(own)}", None, ""))
    if not everywhere and keyring.state in KEPT_SHUT:
        way = "Unlock it" if keyring.state == "locked" else "`deepdive doctor` looks at it"
        return Found(entry, place=f"can't tell: {keyring.says}", trouble=f"{way}, or export {entry.variables[0]}")
    if not everywhere:
        return Found(entry)
    where, place, value, briefly = everywhere[0]
    secret, trouble = None, ""
    if value is not None:
        try:
            secret = cleaning.cleaned(entry, value, briefly)
        except Refusal as refusal:
            trouble = str(refusal)
    return Found(entry, where, place, secret, tuple(place for _, place, _, _ in everywhere[1:]), trouble)


def _environment(entry: Service) -> tuple[str, str] | None:
    """Variable and value. Kaggle's may name a file that holds the token, as its own client reads it."""
    for variable in entry.variables:
        if value := os.environ.get(variable, "").strip():
            if entry.name == "kaggle" and "/" in value and os.path.isfile(value):
                with contextlib.suppress(OSError):
                    value = Path(value).read_text(errors="replace").strip()
            if value:
                return variable, value
    return None


def _short(path: Path) -> str:
    home = os.path.expanduser("~")
    return f"~{str(path)[len(home) :]}" if str(path).startswith(home + os.sep) else str(path)


# ---- changing -----------------------------------------------------------------------------------------------------


def cleaned(name: str, value: str) -> Secret:
    """A value as it was typed or pasted. Raises Refusal, never with the value in its words."""
    return cleaning.cleaned(service(name), value)


def put(name: str, value: str, where: Where) -> None:
    """Store a cleaned value. Raises Fault where it could not be stored, and then nothing is."""
    match where:
        case "session":
            _session[name] = Secret(value)
        case "file":
            vault().put(name, value)
        case "keyring":
            answer = system_keyring.ask("set", [name], value, dialog=True)
            if not answer.works:
                raise Fault(f"{answer.says}; nothing was stored", ways(name))
            if answer.values.get(name) != value:
                raise Fault("the keyring did not keep the key", ways(name))
        case _:
            raise Refusal("where", f"a key can't be stored in {where!r}", "keyring, session, file")


def delete(found: Found) -> None:
    """Take a key out of the place where it was found. Raises Fault where that is not ours to do."""
    name = found.service.name
    match found.where:
        case "session":
            _session.pop(name, None)
        case "file":
            vault().delete(name)
        case "keyring":
            answer = system_keyring.ask("delete", [name], dialog=True)
            if not answer.works:
                raise Fault(f"{answer.says}; nothing was deleted", "Unlock it and try again")
        case "environment":
            raise Fault(
                f"{found.place} was set outside this program", f"`unset {found.place.split()[-1]}` in your shell"
            )
        case "own":
            raise Fault(f"{found.place} is not this program's", LOGOUT[name])
        case "none" if found.trouble:
            raise Fault(f"{found.service.title}: {found.place}", found.trouble)
        case "none":
            raise Fault(f"there is no key of {found.service.title} to delete", found.next)


def ways(name: str) -> str:
    """How to give a key on a machine without a keyring."""
    variable = SERVICES[name].variables[0]
    return (
        f"`export {variable}=...` for one shell; `deepdive keys set {name} --file` for an encrypted file behind a "
        f"passphrase; or the keys screen of the interface, for one session"
    )
