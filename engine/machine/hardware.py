"""Devices and their memory. No ML library is imported here: the interface asks too.

What the driver does not tell is None; nothing here raises because a GPU, a driver or a file is missing.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Literal, TypeVar

from deepdive.engine.machine import cgroup

T = TypeVar("T")
GIB = 1 << 30


@dataclass(frozen=True)
class Gpu:
    """`index` is its place among those that CUDA_VISIBLE_DEVICES shows; `total` and `used` are bytes, `used` by all
    processes, and 0 where the driver does not tell (memory shared with the processor: GB10, Jetson)."""

    index: int
    name: str
    total: int
    used: int
    driver: str
    uuid: str = ""


@dataclass(frozen=True)
class Machine:
    """`cores` and the memory are what this process may use, within its affinity and its control groups; bytes."""

    cores: int
    cpu: str
    total: int
    available: int
    gpus: tuple[Gpu, ...]
    system: str
    python: str

    @property
    def accelerator(self) -> Literal["cuda", "mps", "cpu"]:
        """What torch will most likely choose; it alone knows."""
        if self.gpus:
            return "cuda"
        return "mps" if self.system.startswith("macOS") and self.cpu.startswith("Apple") else "cpu"

    def __str__(self) -> str:
        return describe(self)


def machine() -> Machine:
    total, available = memory()
    return Machine(
        cores=cores(_limits()),
        cpu=cpu_name(),
        total=total,
        available=available,
        gpus=gpus(),
        system=system_name(),
        python=platform.python_version(),
    )


def describe(machine: Machine) -> str:
    """`CPU, 2 cores, 23 GB`, `H100, 80 GB`, `2 × A100, 40 GB`. Gigabytes are binary ones, as printed on the box."""
    if machine.gpus:
        first = machine.gpus[0]
        count = f"{len(machine.gpus)} × " if len(machine.gpus) > 1 else ""
        shared = machine.total if not first.total else first.total
        return f"{count}{short_name(first.name)}, {round(shared / GIB)} GB"
    device = machine.cpu if machine.accelerator == "mps" else "CPU"
    plural = "" if machine.cores == 1 else "s"
    return f"{device}, {machine.cores} core{plural}, {machine.total // GIB} GB"


def short_name(name: str) -> str:
    """`NVIDIA H100 80GB HBM3` is an H100, `NVIDIA GeForce RTX 4090` an RTX 4090."""
    bare = re.sub(r"^(NVIDIA|Tesla)\s+|^(NVIDIA\s+)?(GeForce|Quadro|Tesla)\s+", "", name.strip())
    bare = re.sub(r"^(GeForce|Quadro|Tesla)\s+", "", bare)
    return re.split(r"[\s-](?:\d+\s?GB|SXM\d*|PCIe|PCIE|NVL|HBM)", bare)[0] or name


_limits = functools.cache(cgroup.limits)  # they stay while a process lives


# ---- processor and memory ---------------------------------------------------------------------------------------


def cores(limits: cgroup.Limits) -> int:
    """Cores that this process may run on, a quota rounded up; at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, ceil(limits.cores)) if limits.cores else allowed)


def memory() -> tuple[int, int]:
    """Total and available bytes of the processor's memory, within the limits of the control groups."""
    import psutil

    limits = _limits()

    found = psutil.virtual_memory()
    total, available = int(found.total), int(found.available)
    if limits.memory is not None and limits.memory < total:
        total, available = limits.memory, min(available, max(0, limits.memory - limits.memory_used()))
    return total, available


def cpu_name() -> str:
    try:
        if sys.platform == "darwin":
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(command, capture_output=True, text=True, timeout=2, check=True).stdout.strip()
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except (OSError, subprocess.SubprocessError):
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def system_name() -> str:
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def used(pid: int) -> int:
    """Resident bytes of a process; 0 if there is none."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


# ---- GPUs -------------------------------------------------------------------------------------------------------


def gpus() -> tuple[Gpu, ...]:
    """Those that CUDA shows to this process, in its order; empty without a driver."""
    return asked(_gpus) or ()


def gpu_used(index: int, pid: int) -> int | None:
    """Bytes that a process holds on the GPU that CUDA calls `index`; None where the driver does not tell (containers
    with their own process numbers, WSL)."""

    def ask(nvml: Any) -> int | None:
        running = nvml.nvmlDeviceGetComputeRunningProcesses(visible(nvml)[index])
        held = [process.usedGpuMemory for process in running if process.pid == pid]
        return int(held[0]) if held and held[0] is not None else None

    return asked(ask)


def gpu_memory(index: int) -> tuple[int, int] | None:
    """Total bytes and bytes used by all processes of the GPU that CUDA calls `index`."""

    def ask(nvml: Any) -> tuple[int, int]:
        memory = nvml.nvmlDeviceGetMemoryInfo(visible(nvml)[index])
        return int(memory.total), int(memory.used)

    return asked(ask)


def asked(question: Callable[[Any], T]) -> T | None:
    """The driver's answer, or None where it has none."""
    nvml = _nvml()
    if nvml is None:
        return None
    try:
        return question(nvml)
    except (nvml.NVMLError, IndexError):
        return None


def visible(nvml: Any) -> list[Any]:
    """The driver's handles, chosen and ordered as CUDA_VISIBLE_DEVICES says (numbers or UUIDs; it ends at the first
    entry that names no device)."""
    count = nvml.nvmlDeviceGetCount()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    everything = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
    if named is None:
        return everything
    handles: list[Any] = []
    for entry in (part.strip() for part in named.split(",")):
        if entry.isdigit() and int(entry) < count:
            handles.append(everything[int(entry)])
            continue
        if entry.startswith("MIG-"):  # a part of a card; the driver finds it by its whole name only
            handles.append(nvml.nvmlDeviceGetHandleByUUID(entry))
            continue
        found = [handle for handle in everything if entry and _text(nvml.nvmlDeviceGetUUID(handle)).startswith(entry)]
        if not found:
            break
        handles.append(found[0])
    return handles


def _gpus(nvml: Any) -> tuple[Gpu, ...]:
    driver = _text(nvml.nvmlSystemGetDriverVersion())
    found = []
    for index, handle in enumerate(visible(nvml)):
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            total, used = int(memory.total), int(memory.used)
        except nvml.NVMLError:
            total = used = 0
        name, uuid = _text(nvml.nvmlDeviceGetName(handle)), _text(nvml.nvmlDeviceGetUUID(handle))
        found.append(Gpu(index, name, total, used, driver, uuid))
    return tuple(found)


def chosen() -> Gpu | None:
    """The one GPU that a worker gets: of those shown to us the one with the most free memory."""
    return max(gpus(), key=lambda gpu: gpu.total - gpu.used, default=None)


def one_gpu() -> dict[str, str]:
    """The environment of a process that sees the chosen GPU only, whatever order CUDA would count in. torch asks the
    driver's library what there is, so that looking makes no CUDA context."""
    only = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
    gpu = chosen()
    return {**only, "CUDA_VISIBLE_DEVICES": gpu.uuid} if gpu is not None and gpu.uuid else only


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@functools.cache
def _nvml() -> Any:
    """The driver's library, or None."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def driver_cuda() -> int | None:
    """The newest major version of CUDA that the driver can run; None without one."""
    version = asked(lambda nvml: int(nvml.nvmlSystemGetCudaDriverVersion_v2()))
    return None if version is None else version // 1000
