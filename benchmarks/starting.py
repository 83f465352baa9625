"""From a key to the first event and to the first update, with a warm worker."""

from __future__ import annotations

import os
import statistics
import tempfile
import time

from deepdive.engine.work import submission

from .table import Row

ROUNDS = 5


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DEEPDIVE_HOME": folder, "HF_HUB_OFFLINE": "1"}
        return _rows()


def _rows() -> list[Row]:
    from deepdive.engine.lessons import catalogue
    from deepdive.engine.runs import plan
    from deepdive.engine.runs.events import Job, Point, Progress
    from deepdive.engine.runs.log import Tail, replay
    from deepdive.engine.runs.store import Store
    from deepdive.engine.runs.view import of
    from deepdive.engine.work import protocol, supervisor

    store, tutorial = Store(), catalogue.find("chapter2")
    supervisor.warm(store)
    ours, _ = protocol.sockets(store.home)
    while not protocol.call(ours[0], do="hello")["ready"]:
        time.sleep(0.1)
    first_event, first_update = [], []
    for _ in range(ROUNDS):
        run = store.create("chapter2", "pocket")
        submission.submit(store, run, plan.orders(tutorial, "pocket", of([]), ["blocks"]))
        while supervisor.busy(run):
            time.sleep(0.05)
        orders = plan.orders(tutorial, "pocket", of(replay(run.log)[0]), ["pretrain"])
        tail = Tail(run.log)
        tail.poll()
        pressed = time.time()
        submission.submit(store, run, orders)
        told: dict[str, float] = {}
        while "update" not in told:
            for event in tail.poll():
                if isinstance(event, Job):
                    told.setdefault("event", event.t - pressed)
                done = event.done if isinstance(event, Progress) and event.what == "training" else 0
                if done >= 1 or (isinstance(event, Point) and event.curve == "training"):
                    told.setdefault("update", event.t - pressed)
            time.sleep(0.002)
        supervisor.stop(run)
        while supervisor.busy(run):
            time.sleep(0.05)
        first_event.append(told["event"])
        first_update.append(told["update"])
    protocol.call(ours[0], do="quit")
    event, update = statistics.median(first_event), statistics.median(first_update)
    return [
        Row("from the key to the first event, warm worker", f"{event * 1000:.0f} ms", "300 ms", event <= 0.3),
        Row("from the key to the first update of the pocket GPT-2 being told", f"{update:.2f} s", "1 s", update <= 1),
    ]
