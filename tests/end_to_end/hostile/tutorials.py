"""Damaged, mistyped and hostile folders of tutorials."""

from __future__ import annotations

from tests.end_to_end.hostile.situation import Situation, World


def broken_toml(world: World) -> None:
    world.copied("toy", "mine")
    world.write("tutorials/mine/tutorial.toml", "id = 'mine'\ntitle = ]\n")


SITUATIONS = (
    Situation(
        "list: a tutorial.toml that is no TOML", "list", r"mine/tutorial\.toml:2: is not valid TOML", 0, broken_toml
    ),
    Situation(
        "run: a tutorial.toml that is no TOML", "run mine", r"mine/tutorial\.toml:2: is not valid", 1, broken_toml
    ),
)
