"""`make lock`: requirements-cpu.txt and requirements-cuda.txt anew, every file by its hash.

uv resolves pyproject.toml for every system and Python that it allows. Of torch PyPI has the builds for CUDA and for
macOS; PyTorch's own index has those for the CPU, and the same CUDA builds under another name. Both are named. Versions
stay as they are; `make lock UPGRADE=1` takes the newest. Where PyTorch's index can't be reached, its wheels stay as
they stand in the lock, as long as the version does.
"""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[1]
INDEX = "https://download.pytorch.org/whl/{build}/torch/"
BUILDS = {"cpu": "cpu", "cuda": "cu130"}  # the second: what torch of PyPI is built for
LIBRARIES = re.compile(r"(nvidia-(?!ml-py)|cuda-|triton)")  # what only a CUDA build needs
WHEEL = re.compile(r"torch-[\w.+]+-cp3(1[1-4])-cp3\1-(manylinux\w+|macosx\w+_arm64)\.whl")
NAMED = re.compile(r"# (torch-\S+\.whl) sha256:([0-9a-f]{64})")


def compiled() -> str:
    """Every package with the hashes of PyPI's files."""
    command = ["uv", "pip", "compile", "pyproject.toml", "--group", "dev", "--group", "install", "--universal"]
    options = [
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
    ]
    kept = [] if "--upgrade" in sys.argv else ["--constraints", "build/versions.txt"]
    done = subprocess.run([*command, *options, *kept], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def entries(text: str) -> dict[str, str]:
    """By name: the requirement with its hashes."""
    found = re.findall(r"^[\w.-]+==(?:.*\\\n)*.*$", text, re.M)
    return {re.split(r"==", entry)[0]: entry for entry in found}


def wheels(build: str, version: str, lock: Path) -> dict[str, str]:
    """PyTorch's own wheels of this version: name and SHA-256."""
    try:
        with urllib.request.urlopen(INDEX.format(build=build), timeout=20) as reply:
            page = reply.read().decode()
        links = re.findall(r'href="[^"]*/([^"/#]+\.whl)#sha256=([0-9a-f]{64})"', page)
        found = {unquote(name): sha for name, sha in links}
    except OSError as error:
        print(f"{INDEX.format(build=build)} can't be reached ({error}): its wheels stay as they are in {lock.name}")
        found = dict(NAMED.findall(lock.read_text())) if lock.exists() else {}
    of_this = {name: sha for name, sha in found.items() if name.startswith((f"torch-{version}+", f"torch-{version}-"))}
    chosen = {name: sha for name, sha in sorted(of_this.items()) if WHEEL.fullmatch(name)}
    if not chosen:
        sys.exit(f"PyTorch's index has no wheel of torch {version} for {build}, and {lock.name} names none")
    return chosen


def main() -> None:
    known = entries((ROOT / "requirements-cuda.txt").read_text()) if (ROOT / "requirements-cuda.txt").exists() else {}
    (ROOT / "build").mkdir(exist_ok=True)
    versions = [re.split(r"[;\s\\]", entry)[0] for entry in known.values()]
    (ROOT / "build" / "versions.txt").write_text("\n".join(versions))
    packages = entries(compiled())
    version = re.split(r"[=;\s\\]+", packages["torch"])[1]
    for device, build in BUILDS.items():
        lock = ROOT / f"requirements-{device}.txt"
        own = wheels(build, version, lock)
        hashes = set(own.values())
        if device == "cuda":
            hashes |= set(re.findall("sha256:([0-9a-f]{64})", packages["torch"]))
        torch = " \\\n".join([f"torch=={version}", *(f"    --hash=sha256:{sha}" for sha in sorted(hashes))])
        names = "".join(f"# {name} sha256:{sha}\n" for name, sha in own.items())
        lines = [
            f"# Made by `make lock`. Of torch these are on PyTorch's own index, {INDEX.format(build=build)}:\n{names}"
        ]
        for name, entry in packages.items():
            if device == "cuda" or not LIBRARIES.match(name):
                lines.append(torch if name == "torch" else entry)
        lock.write_text("\n".join(lines) + "\n")
        print(f"{lock.name}: {len(lines) - 1} packages, torch {version} with {len(hashes)} files")


if __name__ == "__main__":
    main()
