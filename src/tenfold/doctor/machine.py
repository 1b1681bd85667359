"""The checks of one machine."""

from __future__ import annotations

import ctypes
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from tenfold import paths, slurm
from tenfold.data.manifest import is_present
from tenfold.doctor.check import Check
from tenfold.errors import ClusterError

MINIMUM = (3, 11)
LIBRARIES = (".so", ".dylib", ".dll")


def python_version() -> Iterator[Check]:
    """Python 3.11 or newer."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= MINIMUM:
        yield Check("ok", "Python", version)
    else:
        yield Check("bad", "Python", version, "tenfold needs Python 3.11 or newer")


def packages() -> Iterator[Check]:
    """Every requirement of the package is installed in a version that it admits."""
    wrong = []
    for text in metadata.requires("tenfold") or []:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not satisfy {requirement.specifier}")
    if wrong:
        yield Check("bad", "packages", "; ".join(wrong), "run `make setup`")
    else:
        yield Check("ok", "packages", "all requirements are met")


def boosted_trees() -> Iterator[Check]:
    """LightGBM's compiled part can be loaded: unlike the other packages it takes OpenMP from the system."""
    package = find_spec("lightgbm")
    if package is None or package.origin is None:
        return  # the packages' own check says so
    folder = Path(package.origin).parent / "lib"
    library = next((path for path in sorted(folder.glob("lib_lightgbm.*")) if path.suffix in LIBRARIES), None)
    if library is None:
        yield Check("bad", "LightGBM", f"{folder} holds no library", "run `make setup` again")
        return
    try:
        ctypes.CDLL(str(library))
    except OSError as error:
        yield Check("bad", "LightGBM", str(error), "install OpenMP: libgomp1 on Debian, libomp with Homebrew")
    else:
        yield Check("ok", "LightGBM", "its library can be loaded")


def device() -> Iterator[Check]:
    """What PyTorch computes on."""
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        yield Check("ok", "device", f"CUDA: {', '.join(names)}")
    elif torch.backends.mps.is_available():
        yield Check("ok", "device", "Apple GPU (MPS)")
    else:
        yield Check("note", "device", f"CPU with {torch.get_num_threads()} threads", "scale `paper` wants a GPU")


def disk() -> Iterator[Check]:
    """Free space where results go, and whether they can be written."""
    free = shutil.disk_usage(paths.ROOT).free / 1e9
    if free < 2:
        yield Check("bad", "disk", f"{free:.1f} GB free", "free at least 2 GB")
    else:
        yield Check("ok", "disk", f"{free:.0f} GB free")
    for folder in (paths.DATA, paths.RESULTS):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / ".doctor"
            probe.write_text("x")
            probe.unlink()
        except OSError as error:
            yield Check(
                "bad", "disk", f"{paths.relative(folder)} cannot be written ({error.strerror})", "check its owner"
            )


def network() -> Iterator[Check]:
    """Whether a package registry answers (needed once, for data that lies in packages), and which mirrors are set."""
    from tenfold.config import Configuration

    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--quiet",
            "--dest",
            folder,
            "iniconfig==2.1.0",
        ]
        try:
            reached = subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
        except (OSError, subprocess.TimeoutExpired):
            reached = False
    if reached:
        yield Check("ok", "network", "the Python package registry answers")
    else:
        yield Check(
            "note", "network", "no package registry within 30 s", "set TENFOLD_MIRROR, or copy data/raw from elsewhere"
        )
    for mirror in Configuration().mirrors:
        here = mirror.startswith("http") or Path(mirror).is_dir()
        yield Check("ok" if here else "bad", "mirror", mirror, "" if here else "this folder does not exist")


def data() -> Iterator[Check]:
    """Raw data sets that are in place."""
    from tenfold.config import Configuration

    configuration = Configuration()
    present = [name for name in configuration.datasets if is_present(paths.raw(name))]
    found = f"{len(present)} of {len(configuration.datasets)} raw data sets are here"
    yield Check("ok", "data", found) if present else Check("note", "data", found, "run `tenfold data`")


def cluster() -> Iterator[Check]:
    """A SLURM cluster, if there is one; nothing needs it but `make cluster`."""
    if not shutil.which("sinfo"):
        yield Check("note", "SLURM", "no sinfo on the path", "only needed for `make cluster`")
        return
    try:
        partitions = slurm.ask("sinfo", "--noheader", "--format=%P %a %D").replace("\n", "; ")
        yield Check("ok", "SLURM", f"{partitions} (head: {socket.gethostname()})")
    except ClusterError as error:
        yield Check("note", "SLURM", str(error), "only needed for `make cluster`")


CHECKS: tuple[Callable[[], Iterator[Check]], ...] = (
    python_version,
    packages,
    boosted_trees,
    device,
    disk,
    network,
    data,
    cluster,
)
