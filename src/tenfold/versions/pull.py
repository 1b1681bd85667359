"""`tenfold pull`: bring versioned data and results here, and say what cannot come and how to get it."""

from __future__ import annotations

import subprocess
import sys

from tenfold import paths
from tenfold.config import Configuration
from tenfold.data.manifest import is_present
from tenfold.errors import ResultError
from tenfold.jobs import plans, raw_datasets
from tenfold.versions.raw import mark_absent, used_by_the_suite


def pull(configuration: Configuration) -> list[str]:
    """Run `dvc pull` and return, in words, what is still missing; empty when everything is here.

    What a licence forbids to share is never in a remote: its absence is told, not an error. Raises ResultError when
    results that may be shared did not come.
    """
    done = _dvc("pull")
    mark_absent(used_by_the_suite(configuration))
    if done.returncode != 0 and (lacking := _without_results(configuration)):
        if not _dvc("config", "core.remote").stdout.strip():
            raise ResultError(
                "no DVC remote is set, so there is nothing to pull from: `make reproduce` builds the results, "
                "docs/versions.md says how to set a remote"
            )
        raise ResultError(
            f"`dvc pull` brought no results of {', '.join(lacking)} ({_error(done.stderr)}). Does the remote hold this "
            "version (`dvc push`), and is it the right one (`dvc remote list`)?"
        )
    print(done.stdout, end="")
    return [*_missing_raw(configuration), *_missing_prepared(configuration)]


def _dvc(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=paths.ROOT, check=False, capture_output=True, text=True)


def _without_results(configuration: Configuration) -> list[str]:
    folders = {plan.slug: paths.paper_results(plan.scale_name, plan.slug) for plan in plans(configuration)}
    return [slug for slug, folder in folders.items() if not (folder / "metrics.csv").is_file()]


def _error(text: str) -> str:
    """The line that DVC calls its error, without the list of files that it introduces."""
    lines = [line.removeprefix("ERROR: ").rstrip(":") for line in text.splitlines() if line.startswith("ERROR: ")]
    return "; ".join(lines) or "no message"


def _missing_raw(configuration: Configuration) -> list[str]:
    absent = [name for name in raw_datasets(configuration) if not is_present(paths.raw(name))]
    lines = []
    for name in absent:
        entry = configuration.datasets[name]
        why = "" if entry.redistributable else " (not in the remote: its licence forbids to share it)"
        steps = f"{entry.gated.strip()} Then `tenfold data adopt {name} <folder>`" if entry.gated else ""
        lines.append(f"raw data {name} is not here{why}: {steps or f'`tenfold data fetch {name}`'}")
    return lines


def _missing_prepared(configuration: Configuration) -> list[str]:
    lacking = [
        plan.slug
        for plan in plans(configuration)
        for dataset in plan.scale.datasets
        if not (paths.prepared(plan.scale_name, plan.slug, dataset) / "manifest.json").is_file()
    ]
    if not lacking:
        return []
    return [
        f"prepared data of {', '.join(dict.fromkeys(lacking))} is not here. The results can be used without it; before "
        "you change and rebuild something, `tenfold data` and `snakemake --cores all prepared` make it, and "
        "`dvc commit` versions it here"
    ]
