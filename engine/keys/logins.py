"""A service's own login on this machine: found, never read."""

from __future__ import annotations

import os
from pathlib import Path

LOGOUT = {
    "huggingface": "`hf auth logout` removes it",
    "kaggle": "`kaggle auth revoke` or deleting the file removes it",
}


def own_login(name: str) -> Path | None:
    """The file in which a service's own command keeps its login, where there is one."""
    if name == "kaggle":
        folder = Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path(os.path.expanduser("~")) / ".kaggle")
        files = [folder / file for file in ("access_token", "access_token.txt", "credentials.json", "kaggle.json")]
    elif name == "huggingface":
        named = os.environ.get("HF_TOKEN_PATH")
        home = (
            os.environ.get("HF_HOME")
            or Path(os.environ.get("XDG_CACHE_HOME") or Path(os.path.expanduser("~")) / ".cache") / "huggingface"
        )
        files = [Path(named) if named else Path(home) / "token"]
    else:
        files = []
    return next((file for file in files if file.is_file()), None)
