"""A lesson and a run of it that try to be obeyed: what would set a clipboard, turn text round or colour it stands in
every field that a stranger can write."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from deepdive.engine.lessons import catalogue
from deepdive.engine.runs.events import Figure, Memory, Note, Piece, Plot, Progress, Rows, Spend, Text

from tests.support.fake import LESSONS, FakeRun

# OSC 52, right to left and an isolate, CSI in one character, delete, zero width, private, byte order mark, bell.
SHOUT = "\x1b]52;c;aGk=\x07\u202e\u2066\x9b31m\x7f\u200b\ue000\ufeff\x07"
IN_TOML = "".join(f"\\u{ord(sign):04x}" if ord(sign) < 0x20 or ord(sign) >= 0x7F else sign for sign in SHOUT)
UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ue000-\uf8ff\ufeff\U000f0000-\U0010ffff]"
)
FREE = re.compile(r'^((title|teaches|needs|ask|perplexity|nats|sensitive) = "|text = "[^"]*)', re.MULTILINE)


def lesson(folder: Path) -> Path:
    """The little lesson with a shout in each of its texts, as `folder/loud`."""
    loud = folder / "loud"
    shutil.copytree(LESSONS / "little", loud)
    (loud / "ruff.toml").unlink()
    toml = (loud / "tutorial.toml").read_text().replace('id = "little"', 'id = "loud"', 1)
    toml = toml.replace("seconds = { pocket = 2 }", 'title = "Fill"\nsensitive = "words"', 1)
    toml = toml.replace("minutes = 6", 'needs = "nothing"', 1)
    toml = FREE.sub(lambda match: match.group() + IN_TOML, toml)
    toml += f'"{IN_TOML}" = "{IN_TOML}"\n[[fit]]\nname = "{IN_TOML}fit"\nstep = "pretrain"\nrole = "masked_lm"\n'
    (loud / "tutorial.toml").write_text(toml)
    for page in (loud / "pages").glob("*.md"):
        page.write_text("\n".join(_shouted(line) for line in page.read_text().split("\n")))
    for code in ("steps.py", "exercises.py"):
        source = (loud / code).read_text()
        source = re.sub(r'"""(?=\w)', lambda match: f'"""{SHOUT}', source)
        (loud / code).write_text(source.replace("Life is", f"{IN_TOML}Life is") + f"# {SHOUT}\n")
    return loud


def _shouted(line: str) -> str:
    """A line of a page; directives and tables stay what they are."""
    return line + SHOUT if line and "{{" not in line and not line.startswith("|") else line


class LoudRun(FakeRun):
    """A run whose events and record shout."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        super().__init__(catalogue.read(folder), home=home)
        self.run.record.machine = SHOUT
        self.run.record.versions = {SHOUT: SHOUT}
        self.run.record.roles = {"masked_lm": f"models/bert{SHOUT}"}
        self.run.write()
        self.shout(self.begin("fill_the_gap", sentence=SHOUT))
        self.end("1-fill_the_gap", cause=SHOUT, action=SHOUT, detail=SHOUT)
        self.data()
        trained = self.pretrain(40, job=self.begin("pretrain"))
        self.shout(trained)
        self.end(
            trained, "failed", cause=f"ValueError: {SHOUT}\n{SHOUT}", action=SHOUT, detail=f"{SHOUT}\nlast\t{SHOUT}"
        )

    def shout(self, job: str) -> None:
        where: dict[str, Any] = {"t": self.now, "job": job}
        numbers = {SHOUT: 1.0, "b": 2.0}
        self.put(
            Progress(**where, what=SHOUT, done=1, total=3, unit=SHOUT),
            Figure(**where, name=SHOUT, value=SHOUT, unit=SHOUT, case={SHOUT: SHOUT}, note=SHOUT),
            Figure(**where, name="share", value=0.5, unit=SHOUT, low=0.4, high=0.6, n=10),
            Note(**where, text=SHOUT, action=SHOUT),
            Spend(**where, role=SHOUT, model=SHOUT, calls=2, tokens=3, cost=0.1, estimate=0.2, cap=1.0),
            Memory(**where, device=SHOUT, used=100, total=1000, peak=100, held={SHOUT: 50}),
            Plot(**where, name=SHOUT, kind="bars", data=numbers),
            Plot(**where, name=f"h{SHOUT}", kind="histogram", data={SHOUT: [1.0, 2.0, 2.0]}),
            Plot(**where, name=f"s{SHOUT}", kind="scatter", data={SHOUT: [[0, 1], [1, 2]]}),
            Plot(
                **where,
                name=f"m{SHOUT}",
                kind="heatmap",
                data={"rows": [SHOUT], "columns": [SHOUT], "values": [[0.5]]},
            ),
            Rows(
                **where,
                name=SHOUT,
                rows=[
                    {SHOUT: SHOUT, "b": {"spans": [[SHOUT, SHOUT]]}, "c": {"bars": numbers}, "d": {"about": SHOUT}},
                    {SHOUT: "plain\nand more", "b": 1.5, "c": True, "d": None},
                ],
            ),
            Text(**where, stream=SHOUT, pieces=[Piece(SHOUT, {SHOUT: 0.5}, [(SHOUT, 0.5)])]),
            Text(**where, stream="output", pieces=[Piece(f"a\n{SHOUT}\tb", {"probability": 0.5}, [(SHOUT, 0.5)])]),
        )
