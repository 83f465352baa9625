"""What a container or a batch system lets this process use: the limits of its control groups (Linux, v1 and v2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
UNLIMITED = 1 << 60  # v1 says "no limit" with a number of about this size


@dataclass(frozen=True)
class Limits:
    """`cores` may be a fraction, `memory` is bytes, `group` the folder of the group that limits it. None: no limit."""

    cores: float | None = None
    memory: int | None = None
    group: Path | None = None

    def memory_used(self) -> int:
        """Bytes that the group uses now, without the cache that the kernel would give back."""
        return _memory_used(self.group) if self.group is not None else 0


def limits(root: Path = ROOT, membership: Path = MEMBERSHIP) -> Limits:
    """The tightest limits of this process's groups and of those above them. About a millisecond: keep the answer."""
    cores: float | None = None
    memory: int | None = None
    group: Path | None = None
    for folder in folders(root, membership):
        quota = _quota(folder)
        if quota is not None and (cores is None or quota < cores):
            cores = quota
        ceiling = _number(folder / "memory.max") or _number(folder / "memory.limit_in_bytes")
        if ceiling is not None and ceiling < UNLIMITED and (memory is None or ceiling < memory):
            memory, group = ceiling, folder
    return Limits(cores, memory, group)


def folders(root: Path, membership: Path) -> Iterator[Path]:
    """The folders of this process's groups, inner ones first. In a container the inner path may be out of sight: then
    the group's own folder is the mount itself, which stands at the end of every walk."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and not {"memory", "cpu"} & set(controllers.split(",")):
            continue
        mounts = [root / controllers, *(root / name for name in controllers.split(","))] if controllers else [root]
        mount = next((mount for mount in mounts if mount.is_dir()), None)
        if mount is None:
            continue
        group = mount / path.strip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mount):
                break
            if folder.is_dir():
                yield folder


def _quota(folder: Path) -> float | None:
    """Cores: processor time allowed per period."""
    try:
        allowed, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        v1 = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        return v1[0] / v1[1] if v1[0] and v1[1] and v1[0] > 0 else None
    return None if allowed == "max" else int(allowed) / int(period)


def _memory_used(folder: Path) -> int:
    used = _number(folder / "memory.current") or _number(folder / "memory.usage_in_bytes") or 0
    try:
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        stat = {}
    return max(0, used - int(stat.get("total_inactive_file", stat.get("inactive_file", 0))))


def _number(path: Path) -> int | None:
    """The file's number; None where there is no file or it says "max"."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
