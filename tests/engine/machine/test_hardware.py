"""Guards what is said of the machine: limits of containers, names of devices, no driver is no trouble."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from deepdive.engine.machine import cgroup, hardware
from deepdive.engine.machine.cgroup import Limits
from deepdive.engine.machine.hardware import GIB, Gpu, Machine, describe, machine, short_name


def test_this_machine_is_described() -> None:
    found = machine()
    assert 1 <= found.cores <= (os.cpu_count() or 1)
    assert 0 < found.available <= found.total <= psutil.virtual_memory().total
    assert found.cpu and found.system and found.python == sys.version.split()[0]
    if not found.gpus:
        assert describe(found).startswith(("CPU, ", "Apple"))


def test_no_ml_library_is_imported() -> None:
    code = (
        "import sys; from deepdive.engine.machine import hardware, doctor; loaded = set(sys.modules); "
        "assert not loaded & {'psutil', 'pynvml', 'keyring'}, loaded; hardware.machine(); "
        "assert not set(sys.modules) & {'torch', 'numpy', 'transformers', 'huggingface_hub'}"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr == ""


def test_what_is_not_there_is_none_and_raises_nothing() -> None:
    assert hardware.used(2**22 + 1) == 0
    assert hardware.used(os.getpid()) > 1_000_000
    assert hardware.gpu_used(99, os.getpid()) is None
    assert hardware.gpu_memory(99) is None


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("NVIDIA H100 80GB HBM3", "H100"),
        ("NVIDIA H100 PCIe", "H100"),
        ("NVIDIA A100-SXM4-40GB", "A100"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA RTX A6000", "RTX A6000"),
        ("Tesla V100-SXM2-16GB", "V100"),
        ("Tesla T4", "T4"),
        ("NVIDIA GH200 480GB", "GH200"),
    ],
)
def test_a_gpu_has_its_usual_name(name: str, short: str) -> None:
    assert short_name(name) == short


def test_a_machine_in_a_phrase() -> None:
    cpu = Machine(2, "AMD EPYC", 23 * GIB + 5, GIB, (), "Debian GNU/Linux 12", "3.11.7")
    card = Gpu(0, "NVIDIA H100 80GB HBM3", 85_520_809_984, 0, "570.86")
    assert describe(cpu) == str(cpu) == "CPU, 2 cores, 23 GB"
    assert describe(Machine(16, "", 128 * GIB, GIB, (card,), "Linux", "3.12")) == "H100, 80 GB"
    assert describe(Machine(16, "", 128 * GIB, GIB, (card, card), "Linux", "3.12")) == "2 × H100, 80 GB"
    mac = Machine(8, "Apple M2", 16 * GIB, GIB, (), "macOS 15.1", "3.12")
    assert (mac.accelerator, describe(mac)) == ("mps", "Apple M2, 8 cores, 16 GB")


def test_a_quota_is_rounded_up_and_affinity_holds() -> None:
    allowed = len(os.sched_getaffinity(0))
    assert hardware.cores(Limits()) == allowed
    assert hardware.cores(Limits(cores=0.5)) == 1
    assert hardware.cores(Limits(cores=64)) == allowed


def test_affinity_is_of_this_process() -> None:
    seen: list[int] = []

    def pinned() -> None:  # affinity is a thread's own
        os.sched_setaffinity(0, {next(iter(os.sched_getaffinity(0)))})
        seen.append(hardware.cores(Limits()))

    thread = threading.Thread(target=pinned)
    thread.start()
    thread.join()
    assert seen == [1]


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_version_two_takes_the_tightest_limit_on_the_way_up(tmp_path: Path) -> None:
    root = write(tmp_path / "root", memory__max="max\n")
    outer = write(
        root / "job",
        memory__max=f"{4 * GIB}\n",
        memory__current=f"{3 * GIB}\n",
        memory__stat=f"anon 5\ninactive_file {GIB}\n",
        cpu__max="150000 100000\n",
    )
    write(outer / "step", memory__max=f"{8 * GIB}\n", cpu__max="max 100000\n")
    (tmp_path / "membership").write_text("0::/job/step\n")
    found = cgroup.limits(root, tmp_path / "membership")
    assert found == Limits(1.5, 4 * GIB, outer)
    assert found.memory_used() == 2 * GIB


def test_version_one_is_read_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(
        root / "memory" / "batch",
        memory__limit_in_bytes=str(2 * GIB),
        memory__usage_in_bytes=str(GIB),
        memory__stat="inactive_file 7\ntotal_inactive_file 1024\n",
    )
    write(root / "memory", memory__limit_in_bytes="9223372036854771712")
    write(root / "cpu,cpuacct", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    (tmp_path / "membership").write_text("4:memory:/batch\n3:cpu,cpuacct:/\n2:pids:/x\n0::/\n")
    found = cgroup.limits(root, tmp_path / "membership")
    assert (found.cores, found.memory, found.memory_used()) == (None, 2 * GIB, GIB - 1024)


def test_in_a_container_the_mount_itself_is_the_group(tmp_path: Path) -> None:
    root = write(tmp_path / "root", memory__max=str(GIB), memory__current="5")
    (tmp_path / "membership").write_text("0::/docker/out-of-sight\n")
    assert cgroup.limits(root, tmp_path / "membership").memory == GIB


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup.limits(tmp_path, tmp_path / "missing") == Limits()
