"""Guards which GPU a worker gets, and what is told of cards that are not alike."""

from __future__ import annotations

import os

import pytest
from deepdive.engine.machine import doctor, hardware
from deepdive.engine.machine.hardware import GIB

from tests.support.nvml import Card, FakeNvml

SMALL = Card("Quadro P400", "GPU-aaaa", 2 * GIB)
LARGE = Card("NVIDIA GeForce RTX 4090", "GPU-bbbb", 24 * GIB, GIB)
PART = Card("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "MIG-cccc", 5 * GIB)


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(hardware, "_nvml", lambda: FakeNvml(SMALL, LARGE, parts=(PART,)))


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize(
    ("shown", "used"),
    [
        (None, "GPU-bbbb"),
        ("0,1", "GPU-bbbb"),
        ("0", "GPU-aaaa"),
        ("GPU-aaaa", "GPU-aaaa"),
        ("GPU-aaaa,GPU-bbbb", "GPU-bbbb"),
        ("MIG-cccc", "MIG-cccc"),
    ],
)
def test_the_worker_gets_one_gpu_by_its_uuid(monkeypatch: pytest.MonkeyPatch, shown: str | None, used: str) -> None:
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    given = hardware.one_gpu()
    assert (given["CUDA_VISIBLE_DEVICES"], given["CUDA_DEVICE_ORDER"]) == (used, "PCI_BUS_ID")


@pytest.mark.usefixtures("cards")
@pytest.mark.parametrize("hidden", ["", "-1", "7", "none", "MIG-unknown"])
def test_what_hides_every_gpu_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert "CUDA_VISIBLE_DEVICES" not in hardware.one_gpu()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == hidden


def test_a_gpu_whose_driver_tells_no_memory_is_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(hardware, "_nvml", lambda: FakeNvml(Card("NVIDIA GB10", "GPU-dddd", None)))
    found = hardware.machine()
    assert found.accelerator == "cuda"
    assert hardware.describe(found) == f"GB10, {round(found.total / GIB)} GB"
    assert hardware.one_gpu()["CUDA_VISIBLE_DEVICES"] == "GPU-dddd"


@pytest.mark.usefixtures("cards")
def test_doctor_says_which_of_two_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "2.13.0")
    monkeypatch.setattr(doctor, "torch_cuda", lambda: None)
    assert doctor.device().says == "2 GPUs, GPU-1 NVIDIA GeForce RTX 4090 is used; driver 570.86"
