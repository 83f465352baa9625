"""What went wrong in the background, as a sentence; all of it goes to the log beside the picture."""

from __future__ import annotations

import contextlib
import os

from deepdive.engine.common.faults import Fault


def fault_of(error: BaseException) -> Fault:
    """What the learner is told of any error. One that nobody thought of is a fault of ours and says so."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return Fault(f"{error.filename or 'a file'}: {reason}", "`deepdive doctor` looks for the reason")
    from traceback import format_exception

    with contextlib.suppress(OSError):
        os.write(2, "".join(format_exception(error)).encode(errors="replace"))
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Fault(f"something in Deep Dive failed ({what})", "What it was lies in interface.log in DEEPDIVE_HOME")
