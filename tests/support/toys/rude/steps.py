"""Steps that do what no step should."""

import os
import sys
import threading
import time
from typing import Annotated, Literal

import torch
from deepdive.engine.lab import Lab, Range, probe, step


class Own(BaseException):
    pass


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def deeper(n: int) -> int:
    return deeper(n + 1)


@step
def raises(
    lab: Lab,
    kind: Literal[
        "exit",
        "exit text",
        "process",
        "interrupt",
        "generator",
        "own",
        "mute",
        "recursion",
        "memory",
        "control",
        "long",
    ] = "exit",
):
    """Raise what is not an ordinary exception."""
    match kind:
        case "exit":
            sys.exit()
        case "exit text":
            sys.exit("no GPU here")
        case "process":
            os._exit(7)
        case "interrupt":
            raise KeyboardInterrupt
        case "generator":
            raise GeneratorExit
        case "own":
            raise Own("of my own")
        case "mute":
            raise Mute
        case "recursion":
            deeper(0)
        case "memory":
            raise MemoryError
        case "control":
            raise ValueError("\x1b]52;c;aGk=\x07\u202e\ud800")
        case "long":
            raise ValueError("é" * 1_000_000)


class Unshown:
    __str__ = __repr__ = Mute.__str__


@step
def reports(lab: Lab, kind: Literal["huge", "complex", "object", "rows", "point", "bytes"] = "huge"):
    """Report what can't be kept."""
    match kind:
        case "huge":
            lab.measure("v", 10**400)
        case "complex":
            lab.measure("v", 1j)
        case "object":
            lab.measure("v", Unshown())
        case "rows":
            lab.rows("many", [{"a": Unshown()}])
        case "point":
            lab.point(1, loss=10**400)
        case "bytes":
            lab.note(b"bytes")


@step
def odd(lab: Lab):
    """Report what is unusual but can be kept, leave a thread by the back door, and return nonsense."""
    threading.Thread(target=sys.exit, args=(3,)).start()
    lab.measure("tensor", torch.tensor(2.5))
    lab.measure("nan", float("nan"))
    lab.measure("word", "\ud800 of my own")
    lab.measure("whole", 2**62)
    return Unshown()


@step
def late(lab: Lab):
    """Leave a thread behind that goes on reporting."""

    def go_on():
        for number in range(150):
            time.sleep(0.02)
            lab.measure("late", number)

    threading.Thread(target=go_on, daemon=True).start()
    lab.measure("early", 1)


@step
def well(lab: Lab, items: Annotated[int, Range(1, 10_000)] = 5, pause: Annotated[float, Range(0.0, 1.0)] = 0.02):
    """Behave."""
    lab.watch("model", torch.nn.Linear(1, 1))
    for _ in lab.loop(range(items), "counting"):
        time.sleep(pause)
    lab.measure("process", os.getpid())


@probe
def ask(lab: Lab, kind: Literal["exit", "own"] = "exit"):
    """Answer with an exit."""
    if kind == "own":
        raise Own("of my own")
    sys.exit(3)
