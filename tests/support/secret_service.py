"""A real Secret Service for tests: gnome-keyring on a D-Bus of its own, with a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NEEDED = ("dbus-daemon", "dbus-send", "gnome-keyring-daemon", "secret-tool")
BACKEND = "keyring.backends.SecretService.Keyring"
PASSPHRASE = b"correct horse"
COLLECTION = "org.freedesktop.Secret.Collection"
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""  # names no folder of services: the bus would start a second, locked daemon by itself


def require() -> None:
    """Skip where the daemon is not installed; in CI, which installs it, fail."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing and os.environ.get("DEEPDIVE_CI"):
        pytest.fail(f"CI must run this: {', '.join(missing)} is not installed (see .ci/run)")
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed; `apt-get install gnome-keyring dbus libsecret-tools`")


@contextmanager
def running(folder: Path, unlocked: bool = True) -> Iterator[dict[str, str]]:
    """Yields the environment that leads to the keyring of `folder`, which outlives the daemon; locked, a secret in it
    can't be read without a dialog."""
    runtime = tempfile.mkdtemp(prefix="ss-", dir="/tmp")
    (folder / "share" / "keyrings").mkdir(parents=True, exist_ok=True)
    own = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "share"), "XDG_RUNTIME_DIR": runtime}
    config = Path(runtime) / "bus.xml"
    config.write_text(BUS.format(folder=runtime))
    bus = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=own,
    )
    assert bus.stdout is not None
    own["DBUS_SESSION_BUS_ADDRESS"] = address = bus.stdout.readline().decode().strip()
    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--components=secrets", "--foreground", *(["--unlock"] if unlocked else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=own,
    )
    try:
        assert daemon.stdin is not None
        daemon.stdin.write(PASSPHRASE if unlocked else b"")
        daemon.stdin.close()
        _wait(own, unlocked)
        yield {"DBUS_SESSION_BUS_ADDRESS": address, "PYTHON_KEYRING_BACKEND": BACKEND}
    finally:
        for process in (daemon, bus):
            process.terminate()
            process.wait(timeout=10)
        shutil.rmtree(runtime, ignore_errors=True)


def _wait(environment: dict[str, str], unlocked: bool, seconds: float = 15.0) -> None:
    """Until the service answers on the bus, and has its collection open (or shut) as it should be."""
    get = ["org.freedesktop.DBus.Properties.Get", f"string:{COLLECTION}", "string:Locked"]
    path = "/org/freedesktop/secrets/aliases/default"
    ask = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", path, *get]
    end = time.monotonic() + seconds
    while True:
        done = subprocess.run(ask, env=environment, capture_output=True, check=False)
        if (b"false" if unlocked else b"true") in done.stdout:
            return
        assert time.monotonic() < end, f"gnome-keyring did not come up: {done.stderr.decode()}"
        time.sleep(0.05)
