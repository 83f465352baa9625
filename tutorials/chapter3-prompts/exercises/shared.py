"""What several exercises read: the pocket's folder, the book's figures."""

import csv
import json
from pathlib import Path

TUTORIAL = Path(__file__).parents[1]
POCKET = TUTORIAL.parent / "pocket"


def of_book(step, name):
    """What the book reports for a step: (case, value) of each figure."""
    with (TUTORIAL / "book.csv").open(encoding="utf-8") as file:
        return [
            (json.loads(row["case"]), float(row["value"]))
            for row in csv.DictReader(file)
            if (row["step"], row["name"]) == (step, name)
        ]
