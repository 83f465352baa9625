"""Steps that do what no step should. What is behind `rude` is in tests/support/toys."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation

SITUATIONS = (
    Situation("a step calls sys.exit", "run rude raises", r"✗.*raises.*failed.*the step left the program: sys\.exit\(\)", worker=True),
    Situation("a step raises KeyboardInterrupt", "run rude raises --set kind=interrupt", r"failed.*KeyboardInterrupt", worker=True),
    Situation("an exception without a text", "run rude raises --set kind=mute", r"Mute: its text can't be shown", worker=True),
    Situation("an exception that sets the clipboard", "run rude raises --set kind=control", r"ValueError: ␛\]52", worker=True),
    Situation("a number that no reader can draw", "run rude reports --set kind=huge", r"figure v as something that can't be kept.*Report numbers", worker=True),
    Situation("a complex number", "run rude reports --set kind=complex", r"figure v as something that can't be kept", worker=True),
    Situation("a step ends the process", "run rude raises --set kind=process", r"failed.*the step ended the process: os\._exit\(7\)\. Let the step return", worker=True),
    Situation("a training that diverges", "run toy train --set learning_rate=1e30", r"not a number at update 2 .learning rate 1e\+30, float32.. Try a learning rate ten.*train +diverged.*✗ not held +The loss falls.*train diverged: its loss is not a number from update 2", worker=True),
)  # fmt: skip
