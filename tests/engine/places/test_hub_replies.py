"""Replies that no hub should give, through the real client: each is a fault with a cause and an action, and never
half a file."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.hub_client import Answer, ask
from tests.support.loopback.hub import Hub
from tests.support.loopback.world import GPT2

PORTAL = b"<!DOCTYPE html><html><body>Please sign in to the hotel's network.</body></html>"
WEIGHTS = "/resolve/.*safetensors"
TROUBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "unauthorized": ("/auth-check", {"status": 401}),
    "forbidden": ("/auth-check", {"status": 403}),
    "teapot": ("/auth-check", {"status": 418}),
    "portal": (".*", {"page": PORTAL}),
    "late-portal": ("/resolve/.*", {"page": PORTAL}),
    "circle": (".*", {"again": True}),
    "late-circle": ("/resolve/.*", {"again": True}),
    "list": ("|/revision/.*|/tree/.*", {"page": b"[]"}),
    "short": (WEIGHTS, {"drop_after": 100_000}),
    "spoilt": (WEIGHTS, {"spoilt": True}),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hf-home")


@pytest.fixture(scope="module")
def answers(hub: Hub, home: Path) -> dict[str, Answer]:
    for name in TROUBLES:
        hub.add("models", f"trouble/{name}", hub.repositories["models", GPT2].folder)
    jobs = [{"settle": "model", "id": f"trouble/{name}"} for name in TROUBLES]
    with contextlib.ExitStack() as troubles:
        for name, (where, what) in TROUBLES.items():
            troubles.enter_context(hub.trouble(f"/trouble/{name}({where})$", **what))
        return dict(zip(TROUBLES, ask(jobs, hub.environment(home)), strict=True))


@pytest.mark.parametrize(
    ("name", "cause", "action"),
    [
        (
            "unauthorized",
            "wants a sign-in for the model trouble/unauthorized .401., and no token",
            "keys set huggingface",
        ),
        ("forbidden", "refuses access to the model trouble/forbidden .403.", "Check at"),
        ("teapot", "could not be fetched", "Try again"),
        ("portal", "is no model hub", "wants a sign-in.*HF_ENDPOINT"),
        ("late-portal", "is no model hub", "wants a sign-in"),
        ("circle", "is no model hub", "HF_ENDPOINT"),
        ("late-circle", "is no model hub", "HF_ENDPOINT"),
        ("list", "is no model hub", "HF_ENDPOINT"),
        ("short", "The connection broke while the model trouble/short", "Run the step again"),
        ("spoilt", "arrived damaged: model.safetensors has another SHA-256", "Run the step again"),
    ],
)
def test_a_reply_that_is_none_is_named(answers: dict[str, Answer], name: str, cause: str, action: str) -> None:
    answer = answers[name]
    assert answer.value is None
    assert re.search(cause, answer.cause)
    assert re.search(action, answer.action)
    assert answer.seconds < 2 or name == "short", "the client tries that five times, a second apart"


def test_no_half_or_damaged_file_is_used_and_the_next_try_brings_it(
    answers: dict[str, Answer], hub: Hub, home: Path
) -> None:
    weights = hub.repositories["models", GPT2].files["model.safetensors"].read_bytes()
    folders = {name: home / "hub" / f"models--trouble--{name}" for name in ("short", "spoilt")}
    assert not any(list(folder.glob("snapshots/*/model.safetensors")) for folder in folders.values())
    again = ask([{"settle": "model", "id": f"trouble/{name}"} for name in folders], hub.environment(home))
    assert [answer.value for answer in again] == ["trouble/short", "trouble/spoilt"]
    for folder in folders.values():
        (copy,) = folder.glob("snapshots/*/model.safetensors")
        assert copy.read_bytes() == weights
