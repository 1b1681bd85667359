"""Taking in a data set that a person obtained: its files by checksum where that is known, its statistics always."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tenfold import paths, stages
from tenfold.config import Configuration, RawDataset
from tenfold.data import fetch
from tenfold.data.manifest import Manifest, is_present
from tenfold.data.preparation import Preparation
from tenfold.errors import DataError
from tenfold.jobs import Plan


def adopt(
    name: str, dataset: RawDataset, folder: Path, configuration: Configuration, *, accept: bool = False
) -> list[str]:
    """Copy the files in `folder` to data/raw/<name> when they are what the registry and the papers say.

    Every paper that uses the data set prepares it, in memory, and compares the counts with those it reports. Returns
    what was compared, one line each. Raises DataError when a file is not the registered one, when a paper cannot read
    the files, or, unless `accept` is set, when a count differs; nothing is written then.
    """
    lines: list[str] = []

    def examine(files: Path, manifest: Manifest) -> None:
        different = []
        for plan, use in _uses(name, configuration):
            others = [raw for raw in plan.paper.datasets[use].companions.values() if not is_present(paths.raw(raw))]
            if others:
                lines.append(f"{plan.slug} {use}: not compared, {', '.join(others)} is not here")
                continue
            for statistic, found, reported in _statistics(plan, use, files, manifest):
                same = agrees(found, reported)
                line = f"{plan.slug} {use}: {statistic} {found:.10g}, {'as' if same else 'not as'} reported"
                lines.append(line if same else f"{line} ({reported:.10g})")
                different += [] if same else [lines[-1]]
        if different and not accept:
            raise DataError(
                f"{name} was not adopted: {'; '.join(different)}. If this is the version that you want, add --accept"
            )
        if not lines:
            lines.append(f"{name}: no paper reports statistics of it")

    fetch.adopt(name, dataset, folder, paths.raw(name), examine)
    return lines


def agrees(found: float, reported: float) -> bool:
    """Is `found` the reported number, as far as its digits go? `agrees(8.94, 8.9)`, but counts must be equal."""
    exponent = Decimal(repr(reported)).normalize().as_tuple().exponent
    unit = 10.0 ** min(int(exponent), 0)
    return abs(found - reported) <= 0.5 * unit if unit < 1 else found == reported


def _uses(name: str, configuration: Configuration) -> Iterator[tuple[Plan, str]]:
    """Papers and their data sets that rest on a raw data set and have statistics, at the largest scale with it."""
    for slug in configuration.known_papers:
        paper = configuration.paper(slug)
        for use, entry in paper.datasets.items():
            scales = [scale for scale, content in paper.scales.items() if use in [*content.datasets, *content.also]]
            if entry.raw == name and entry.statistics and scales:
                yield Plan(Configuration(configuration.root, scale=scales[-1]), slug), use


def _statistics(plan: Plan, use: str, files: Path, manifest: Manifest) -> Iterator[tuple[str, float, float]]:
    """Name, value found and value reported of every statistic that the paper reports and its prepare stage counts."""
    task = Preparation(
        paper=plan.slug,
        dataset=use,
        settings=plan.prepare_settings(use),
        seeds=plan.seeds,
        raw=files,
        reader=manifest.reader,
        reader_settings=manifest.reader_settings,
        companions=stages.companions(plan.paper.datasets[use]),
    )
    try:
        found = stages.paper_stage(plan, "prepare")(task).statistics
    except DataError:
        raise
    except Exception as error:  # whatever a reader makes of files that are not what it expects
        raise DataError(f"{plan.slug} cannot read the files: {type(error).__name__}: {error}") from error
    for statistic, reported in plan.paper.datasets[use].statistics.items():
        if statistic in found:
            yield statistic, float(found[statistic]), reported
