"""`make bench`: every figure beside what it has to reach."""

from __future__ import annotations

import sys

from . import curves, interface, starting, training, writing
from .table import Row

GROUPS = {
    "writing": writing.rows,
    "starting": starting.rows,
    "interface": interface.rows,
    "training": training.rows,
    "curves": curves.rows,
}


def main() -> int:
    names = sys.argv[1:] or list(GROUPS)
    every: list[Row] = []
    print(f"  {'what':64} {'measured':>22}  {'to reach':>18}")
    for name in names:
        for row in GROUPS[name]():
            every.append(row)
            print(row, flush=True)
    return 1 if any(row.held is False for row in every) else 0


if __name__ == "__main__":
    sys.exit(main())
