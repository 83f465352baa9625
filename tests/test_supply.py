"""What is installed is what the locks say: every file by its hash, the same versions for CPU and CUDA."""

from __future__ import annotations

import importlib.metadata
import re
import sysconfig
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
DEVICES = ("cpu", "cuda")
SITE = [sysconfig.get_path("purelib")]  # without what setuptools carries with it


def entries(device: str) -> dict[str, tuple[Requirement, set[str]]]:
    """By name: the requirement and the hashes of its files."""
    text = (ROOT / f"requirements-{device}.txt").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
            found[canonicalize_name(Requirement(requirement).name)] = (Requirement(requirement), set(hashes))
    return found


def version(requirement: Requirement) -> str:
    (pin,) = requirement.specifier
    assert pin.operator == "==", requirement
    return pin.version


@pytest.mark.parametrize("device", DEVICES)
def test_every_package_has_one_version_and_hashes(device: str) -> None:
    locked = entries(device)
    assert {"pip", "setuptools", "torch", "textual", "pytest"} <= set(locked)
    for requirement, hashes in locked.values():
        assert version(requirement)
        assert hashes, requirement
        assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in hashes)


@pytest.mark.parametrize("device", DEVICES)
def test_what_pyproject_asks_for_is_locked_at_a_version_that_it_allows(device: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [
        *project["project"]["dependencies"],
        *(r for group in project["dependency-groups"].values() for r in group),
    ]
    locked = entries(device)
    for requirement in map(Requirement, asked):
        assert requirement.specifier.contains(version(locked[canonicalize_name(requirement.name)][0])), requirement


@pytest.mark.parametrize("device", DEVICES)
def test_the_lock_names_the_wheels_of_pytorch_s_own_index_for_every_python(device: str) -> None:
    text = (ROOT / f"requirements-{device}.txt").read_text()
    named = re.findall(r"^# (torch-\S+\.whl) sha256:([0-9a-f]{64})$", text, re.M)
    _, hashes = entries(device)["torch"]
    assert {sha for _, sha in named} <= hashes
    build = {"cpu": r"\+cpu", "cuda": r"\+cu\d+"}[device]
    pythons = {match[1] for name, _ in named if (match := re.search(rf"{build}-(cp\d+)-.*x86_64", name))}
    assert pythons == {"cp311", "cp312", "cp313", "cp314"}


def test_the_lock_for_cuda_is_the_one_for_the_cpu_and_the_libraries_of_nvidia() -> None:
    cpu, cuda = (entries(device) for device in DEVICES)
    assert {name: str(entry[0]) for name, entry in cpu.items()}.items() <= {
        name: str(entry[0]) for name, entry in cuda.items()
    }.items()
    assert all(re.match("nvidia-|cuda-|triton", name) for name in set(cuda) - set(cpu))
    assert all(cpu[name][1] == cuda[name][1] for name in set(cpu) - {"torch"})
    assert "nvidia-ml-py" in cpu


def test_what_is_installed_here_is_what_a_lock_says() -> None:
    locked = entries("cuda")
    here = {canonicalize_name(found.name): found.version for found in importlib.metadata.distributions(path=SITE)}
    wrong = {
        name: here.get(name)
        for name, (requirement, _) in locked.items()
        if name in here and Version(here[name]).public != version(requirement)
    }
    assert not wrong
    assert not set(here) - set(locked) - {"deepdive-llm"}
