"""Kaggle's own client in a process of its own: `python -m deepdive.engine.places.kaggle_child`.

One JSON document comes on standard input (the token is in it: no argument and no environment variable of another
process has it), one JSON line goes to standard output. What the client itself prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from typing import Any

PAGE = 200


def fetch(data: str, file: str, folder: str) -> dict[str, Any]:
    """Bring one file of a data set, or all of them, below `folder`; what is there of them already is gone on with."""
    from kaggle.api.kaggle_api_extended import KaggleApi

    api = KaggleApi()
    try:
        api.authenticate()
    except SystemExit:  # it has explained itself on standard error
        return {"failed": "login"}
    sizes = listed(api, data)
    if file and file not in sizes:
        return {"failed": "no file", "files": sorted(sizes)[:20]}
    needed = sizes[file] if file else sum(sizes.values())
    free = shutil.disk_usage(folder).free
    if needed > free:
        return {"failed": "space", "needed": needed, "free": free}
    if file:
        api.dataset_download_file(data, file, path=folder, unzip=True)
    else:
        api.dataset_download_files(data, path=folder, unzip=True)
    return {}


def listed(api: Any, data: str) -> dict[str, int]:
    """All files of a data set with their bytes, unpacked."""
    sizes: dict[str, int] = {}
    page = None
    while True:
        answer = api.dataset_list_files(data, page_token=page, page_size=PAGE)
        sizes |= {found.name: found.total_bytes for found in answer.dataset_files}
        page = answer.next_page_token
        if not page:
            return sizes


def main() -> None:
    asked = json.load(sys.stdin)
    if asked["token"]:
        os.environ["KAGGLE_API_TOKEN"] = asked["token"]
    with contextlib.redirect_stdout(sys.stderr):
        try:
            told = fetch(asked["data"], asked["file"], asked["folder"])
        except Exception as error:  # noqa: BLE001 - whatever the client raises is told
            response = getattr(error, "response", None)
            told = {"failed": type(error).__name__, "says": str(error), "errno": getattr(error, "errno", None)}
            told["status"] = getattr(response, "status_code", None)
    print(json.dumps(told))  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
