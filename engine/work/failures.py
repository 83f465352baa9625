"""What a step's failure is called."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from deepdive.engine import methods
from deepdive.engine.common.faults import Fault

METHODS = Path(methods.__path__[0])


def cut(text: str, part: slice) -> str:
    return text.encode("utf-8", "backslashreplace")[part].decode(errors="ignore")


def described(error: BaseException, name: str | None = None) -> str:
    """The error with its name, even where its text can't be made."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it is the learner's own class
        text = "its text can't be shown"
    name = type(error).__name__ if name is None else name
    return f"{name}: {text}" if name and text else name or text


def of_methods(error: BaseException) -> bool:
    """Whether engine/methods raised it: there a ValueError says what of its arguments can't be used."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and Path(frames[-1].filename).parent == METHODS


def endpoints_fault(error: BaseException) -> Fault | None:
    """What an endpoint's failure means, if it is one."""
    if "openai" not in sys.modules:
        return None
    import openai
    from deepdive.engine.places import endpoint

    return endpoint.explain(error) if isinstance(error, openai.OpenAIError) else None
