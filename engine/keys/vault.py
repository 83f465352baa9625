"""Keys in an encrypted file behind a passphrase, for machines without a keyring.

scrypt (RFC 7914) makes the file's key from the passphrase, AES-256-GCM seals each value under its own nonce with its
name as associated data. Which services have a value can be read without the passphrase; a value can't.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from deepdive.engine.common import folders
from deepdive.engine.common.faults import Fault
from deepdive.engine.keys.secret import Secret

COST = {"n": 1 << 15, "r": 8, "p": 1}  # 32 MiB and about 0.1 s for each guess
LEAST = 8  # characters of a passphrase


class Vault:
    """One file. Open, it holds the file's key in memory, never the passphrase."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or folders.home() / "keys.encrypted"
        self._key: bytes | None = None

    @property
    def names(self) -> list[str]:
        """The services that have a value here."""
        return sorted(self._read()["keys"])

    @property
    def open(self) -> bool:
        return self._key is not None and self.path.exists()

    def unlock(self, passphrase: str) -> None:
        """Take the passphrase, a new file's or this one's. Raises Fault if it is another."""
        from cryptography.exceptions import InvalidTag

        if not self.names and len(passphrase) < LEAST:
            raise Fault(f"a passphrase needs {LEAST} characters or more", "A few words do well")
        content = self._read()
        if not content["salt"]:
            content["salt"] = base64.b64encode(os.urandom(16)).decode()
            self._write(content)
        key = _derived(passphrase, content)
        try:
            for name, sealed in content["keys"].items():
                _opened(key, name, sealed)
        except InvalidTag:
            raise Fault("that is not the passphrase of the encrypted file", f"{self.path} keeps what it has") from None
        self._key = key

    def get(self, name: str) -> Secret | None:
        """The value, where the file is open and has one."""
        sealed = self._read()["keys"].get(name)
        return _opened(self._key, name, sealed) if sealed and self._key is not None else None

    def put(self, name: str, value: str) -> None:
        """Seal and write a value. Raises Fault while the file is locked."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if self._key is None:
            raise Fault("the encrypted file is locked", "Give its passphrase first")
        nonce = os.urandom(12)
        content = self._read()
        sealed = AESGCM(self._key).encrypt(nonce, value.encode(), name.encode())
        content["keys"][name] = base64.b64encode(nonce + sealed).decode()
        self._write(content)

    def delete(self, name: str) -> None:
        """Take a value out; needs no passphrase. The file goes with its last one."""
        content = self._read()
        content["keys"].pop(name, None)
        if content["keys"]:
            self._write(content)
        else:
            self.path.unlink(missing_ok=True)
            self._key = None

    def _read(self) -> dict[str, Any]:
        try:
            content: dict[str, Any] = json.loads(self.path.read_text())
            return {"format": 1, "salt": str(content["salt"]), **COST, **content, "keys": dict(content["keys"])}
        except FileNotFoundError:
            return {"format": 1, "salt": "", **COST, "keys": {}}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Fault(f"{self.path} can't be read: {error}", "Move it away and set the keys again") from error

    def _write(self, content: dict[str, Any]) -> None:
        try:
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".keys-")  # mode 600
            with os.fdopen(descriptor, "w") as file:
                json.dump(content, file)
            os.replace(name, self.path)
        except OSError as error:
            raise Fault(
                f"{self.path} can't be written: {error.strerror}", "Set DEEPDIVE_HOME to another folder"
            ) from error


def _derived(passphrase: str, content: dict[str, Any]) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    cost = {name: int(content[name]) for name in COST}
    return Scrypt(salt=base64.b64decode(content["salt"]), length=32, **cost).derive(passphrase.encode())


def _opened(key: bytes, name: str, sealed: str) -> Secret:
    """Raises cryptography's InvalidTag where key or name are not those it was sealed with."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    raw = base64.b64decode(sealed)
    return Secret(AESGCM(key).decrypt(raw[:12], raw[12:], name.encode()).decode())
