"""Raw data as DVC sees it: one folder for each data set of the suite, empty where the data is not here."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold import paths
from tenfold.config import Configuration
from tenfold.data.manifest import is_present
from tenfold.errors import DataError
from tenfold.jobs import raw_datasets, required_raw_datasets

if TYPE_CHECKING:
    from tenfold.data.fetch import NoSourceWorks


def used_at_any_scale(configuration: Configuration, slug: str) -> list[str]:
    """Ids of the raw data sets of a paper, whatever the scale, sorted."""
    paper = configuration.paper(slug)
    names = {name for scale in paper.scales.values() for name in [*scale.datasets, *scale.also]}
    return sorted({raw for name in names for raw in paper.datasets[name].raws})


def used_by_the_suite(configuration: Configuration) -> list[str]:
    """Ids of the raw data sets of the selected papers, whatever the scale, sorted."""
    return sorted({raw for slug in configuration.selected_papers for raw in used_at_any_scale(configuration, slug)})


def mark_absent(datasets: Iterable[str]) -> None:
    """Leave an empty folder for each data set that is not here: a stage of DVC must leave its output."""
    for name in datasets:
        paths.raw(name).mkdir(parents=True, exist_ok=True)


def provide(configuration: Configuration, name: str) -> str:
    """Bring a raw data set into place as far as the configured scale needs it; returns what happened, in words.

    A data set that the scale does not use is left as it is. One that the scale can do without may stay absent: an empty
    folder. Raises NoSourceWorks when the scale cannot do without it, and DataError when its files are not what they
    were and cannot be fetched again.
    """
    from tenfold.data.fetch import NoSourceWorks, fetch

    mark_absent([name])
    folder = paths.raw(name)
    if name not in raw_datasets(configuration):
        return f"{name}: not used at scale {configuration.suite.scale}; left as it is"
    was_there = is_present(folder)
    try:
        fetch(name, configuration.datasets[name], configuration.mirrors, folder, verify=True)
    except NoSourceWorks as error:
        if was_there:
            raise DataError(_changed(name, folder, error)) from error
        if name in required_raw_datasets(configuration):
            raise
        return f"{name}: not here, and scale {configuration.suite.scale} can do without it. {error}"
    return f"{name}: {'as it should be' if was_there else 'fetched'}"


def _changed(name: str, folder: Path, error: NoSourceWorks) -> str:
    return (
        f"the files under {paths.relative(folder)} are not those of its manifest, and no source can serve them again "
        f"({'; '.join(error.reasons)}): `dvc checkout {paths.relative(folder)}` brings the last version back, "
        f"`tenfold data adopt {name} <folder>` takes other files in"
    )
