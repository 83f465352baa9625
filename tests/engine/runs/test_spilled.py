"""What lies in a job's files is put back into its event; nothing outside of the run is read."""

from __future__ import annotations

import json
from pathlib import Path

from deepdive.engine.runs.events import Piece, Plot, Point, Rows, Text
from deepdive.engine.runs.spilled import MOST_ROWS, filled


def test_rows_plots_and_texts_get_what_their_files_hold(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([{"n": n} for n in range(3000)]))
    (tmp_path / "plot.json").write_text(json.dumps({"a": 0.5}))
    (tmp_path / "text.json").write_text(json.dumps([["the", {"probability": 0.5}, [["a", 0.25]]]]))
    point = Point(curve="training", x=1, values={"loss": 2.0})
    rows, plot, text, same = filled(
        tmp_path,
        [
            Rows(name="r", key="n", path="rows.json"),
            Plot(name="p", kind="bars", path="plot.json"),
            Text(stream="s", x=3, path="text.json"),
            point,
        ],
    )
    assert isinstance(rows, Rows)
    assert len(rows.rows) == MOST_ROWS
    assert rows.key == "n"
    assert isinstance(plot, Plot)
    assert plot.data == {"a": 0.5}
    assert isinstance(text, Text)
    assert text.pieces == [Piece("the", {"probability": 0.5}, [("a", 0.25)])]
    assert same is point


def test_a_file_that_is_missing_broken_or_elsewhere_leaves_the_event_as_it_is(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "secret.json").write_text('[{"key": 1}]')
    (run / "broken.json").write_text("[{")
    (run / "other.json").write_text('"text"')
    events = [Rows(name="r", path=path) for path in ("none.json", "broken.json", "../secret.json", "other.json")]
    assert filled(run, events) == events
