"""A process of its own that asks the hub as the worker does: huggingface_hub reads its environment at import.

`python -m tests.support.hub_client` reads a list of jobs from standard input and prints one answer for each:
`{"settle": "model" or "data", "id": ..., "token": ..., "free": bytes, "stop_after": bytes, ...}`.
"""

import json
import shutil
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Answer:
    value: Any = None
    fault: str = ""  # class
    cause: str = ""
    action: str = ""
    detail: str = ""
    seconds: float = 0.0
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def progress(self) -> list[dict[str, Any]]:
        return [fields for kind, fields in self.events if kind == "progress"]


def ask(jobs: list[dict[str, Any]], environment: dict[str, str]) -> list[Answer]:
    """Run the jobs one after the other in one fresh process."""
    command = [sys.executable, "-m", "tests.support.hub_client"]
    done = subprocess.run(
        command,
        input=json.dumps(jobs),
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [Answer(**answer) for answer in json.loads(done.stdout.splitlines()[-1])]


def _answer(job: dict[str, Any]) -> Answer:
    from deepdive.engine.common.faults import Fault
    from deepdive.engine.lab import Stopped
    from deepdive.engine.places import hub

    answer = Answer()

    def report(kind: str, fields: dict[str, Any]) -> None:
        answer.events.append((kind, fields))
        if fields.get("done", 0) > job.get("stop_after", float("inf")):
            raise Stopped

    usage = shutil.disk_usage
    if "free" in job:  # the one number that a test cannot make for real
        shutil.disk_usage = lambda path: namedtuple("Usage", "free")(job["free"])  # type: ignore[assignment]
    options = job.get("options", {})
    start = time.monotonic()
    try:
        settle: Any = hub.settle_model if job["settle"] == "model" else hub.settle_data
        answer.value = settle(job["id"], job.get("revision", ""), report, lambda: job.get("token"), **options)
    except Fault as fault:
        answer.fault, answer.cause, answer.action = type(fault).__name__, fault.cause, fault.action
        answer.detail = fault.detail
    except Stopped:
        answer.fault = "Stopped"
    finally:
        shutil.disk_usage = usage
    answer.seconds = time.monotonic() - start
    return answer


if __name__ == "__main__":
    import huggingface_hub.hf_api  # the import is no part of what is measured  # noqa: F401

    answers = [vars(_answer(job)) for job in json.load(sys.stdin)]
    print(json.dumps(answers))
