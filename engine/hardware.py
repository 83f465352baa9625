"""What this machine is: devices, their memory, who uses it. Imports no ML library; what can't be asked is None."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil

CGROUP = Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60  # bytes: a cgroup v1 limit above this means none


@dataclass(frozen=True)
class Gpu:
    index: int
    name: str
    total: int  # bytes
    used: int
    driver: str


@dataclass(frozen=True)
class Machine:
    cpu: str
    cores: int  # that this process may use
    total: int  # bytes of memory, the container's limit if it is lower
    available: int
    gpus: tuple[Gpu, ...]
    system: str
    python: str


def machine() -> Machine:
    memory = psutil.virtual_memory()
    limit, in_use = memory_limit()
    total = min(memory.total, limit) if limit else memory.total
    available = min(memory.available, limit - in_use) if limit else memory.available
    return Machine(
        cpu_name(), cores(), total, max(0, available), gpus(), platform.platform(terse=True), platform.python_version()
    )


def describe(machine: Machine) -> str:
    """One phrase: `CPU, 2 cores, 23 GB` or `H100, 80 GB`."""
    if machine.gpus:
        first = machine.gpus[0]
        name = first.name.removeprefix("NVIDIA ").split(" ")[0]
        count = f"{len(machine.gpus)} x " if len(machine.gpus) > 1 else ""
        return f"{count}{name}, {first.total / 1e9:.0f} GB"
    return f"CPU, {machine.cores} cores, {machine.total / 2**30:.0f} GB"


def cores() -> int:
    """Cores that this process may use: its affinity, and the container's quota rounded up."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = (CGROUP / "cpu.max").read_text().split()
        if quota != "max":
            count = min(count, max(1, -(-int(quota) // int(period))))
    return count


def memory_limit() -> tuple[int | None, int]:
    """The container's memory limit (None: there is none) and what it uses, in bytes; cgroup v2, then v1."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        with contextlib.suppress(OSError, ValueError):
            bytes = int((CGROUP / limit).read_text())
            return (bytes, int((CGROUP / used).read_text())) if bytes < UNLIMITED else (None, 0)
    return None, 0


@cache
def cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@contextlib.contextmanager
def _nvml() -> Iterator[Any]:
    """pynvml, or None where there is no NVIDIA driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - a missing or broken driver must never stop a lesson
        yield None
        return
    try:
        yield pynvml
    finally:
        pynvml.nvmlShutdown()


def gpus() -> tuple[Gpu, ...]:
    """The NVIDIA GPUs; empty where the driver can't be asked."""
    found = []
    with _nvml() as nvml:
        if nvml is None:
            return ()
        with contextlib.suppress(nvml.NVMLError):
            driver = _text(nvml.nvmlSystemGetDriverVersion())
            for index in range(nvml.nvmlDeviceGetCount()):
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                found.append(Gpu(index, _text(nvml.nvmlDeviceGetName(handle)), memory.total, memory.used, driver))
    return tuple(found)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
