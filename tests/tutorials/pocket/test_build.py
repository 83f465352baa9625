"""What `build.py` goes over: every subject, each with files and parts of its own, and without torch for its data."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from deepdive.tutorials.pocket.build import DATA, FOLDERS, HERE, MODELS, PARTS, SUBJECTS, write_data


def test_data_is_what_the_seed_makes(tmp_path: Path):
    write_data(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert {path.name for path in DATA.iterdir()} - set(made) == {"sentiment-bert-history.jsonl"}  # a training's record
    for name in made:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name


def test_every_folder_of_a_subject_is_gone_over():
    folders = {path.parent.name for path in HERE.glob("*/__init__.py")}
    assert folders - {"making"} == set(FOLDERS)


def test_no_two_subjects_share_a_file_or_a_part():
    files = Counter(name for subject in SUBJECTS for name in subject.files())
    assert set(files.values()) == set(Counter(PARTS).values()) == {1}


def test_every_part_is_shipped():
    assert set(PARTS) - {"data"} == {path.name for path in MODELS.iterdir()} - {"sentiment-bert-young"}


def test_data_are_written_without_torch(tmp_path: Path):
    program = """if True:
        import pathlib, sys
        from deepdive.tutorials.pocket.build import write_data
        write_data(pathlib.Path(sys.argv[1]))
        sys.exit(bool({"torch", "transformers"} & set(sys.modules)))
    """
    assert subprocess.run([sys.executable, "-c", program, tmp_path]).returncode == 0
