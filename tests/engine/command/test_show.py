"""`deepdive show` tells where the models lie that a run has saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from deepdive.engine.command import main
from deepdive.engine.runs.store import Store

from tests.support.recorded import recorded


def test_a_saved_model_is_named_with_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    run = recorded("chapter2", Store())
    assert main.main(["show", run.id]) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.split("\n") if "model memoriser: " in line]
    assert Path(line.partition(": ")[2]).is_relative_to(run.folder)
    assert main.main(["show", run.id, "--json"]) == 0
    jobs = json.loads(capsys.readouterr().out)["jobs"]
    files = [file for job in jobs for file in job["files"]]
    assert [(file["name"], file["kind"]) for file in files] == [("memoriser", "model")]
