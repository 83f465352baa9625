"""Guards where jobs compute: pocket on the CPU, the book's sizes on the accelerator."""

from __future__ import annotations

import pytest
import torch
from deepdive.engine.work.process import pick_device


def test_pocket_means_the_cpu_also_beside_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("pocket") == "cpu"
    assert pick_device("book") == "cuda"


def test_without_an_accelerator_the_book_computes_on_the_cpu_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("book") == "cpu"
