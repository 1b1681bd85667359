"""Figures 1 and 2: what uniform and non-uniform sequences look like, and how many there are of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.results import Results
from tenfold.training.finished import FinishedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECONDS_A_DAY = 86_400
SIGMA = 0.15
"""Share of the most uniform users that the paper leaves as they are (its default)."""

EXAMPLE_LENGTHS = (9, 14)
"""Events of the users that are shown: enough to see a pattern, few enough to see each."""

SHORTEST_SPAN_DAYS = 30
QUANTILES = {"uniform": 0.05, "non-uniform": 0.95}
"""The two examples stand at these places among the users of such lengths and spans, by interval variance."""

MOST_PANELS = 3


def examples(results: Results) -> tuple[Figure, list[str]] | None:
    """F1: a uniform and a non-uniform user of the first data set that has such users, on one time axis."""
    candidates = ((dataset, run, example_users(run.data)) for dataset, run in first_runs(results).items())
    found = next((candidate for candidate in candidates if candidate[2]), None)
    if found is None:
        return None
    dataset, run, users = found
    figure, axes = plotting.figure("full", height=2.2, nrows=2, sharex=True, sharey=True)
    times, offsets = run.data["times"], run.data["offsets"]
    for number, (panel, (kind, user)) in enumerate(zip(axes, users.items(), strict=True)):
        days = times[offsets[user] : offsets[user + 1]] / SECONDS_A_DAY
        days = days - days[0]
        std = float(np.sqrt(run.data["interval_variance"][user])) / SECONDS_A_DAY
        colour = plotting.PALETTE[1 - number]
        panel.hlines(0, 0, days[-1], color=colour, linewidth=0.8)
        panel.plot(days, stacked(days), "o", color=colour, markersize=3)
        panel.set_title(f"{kind}: {len(days)} events, interval std {std:.1f} days")
        panel.set_yticks([])
        panel.margins(y=0.25)
        panel.spines["left"].set_visible(False)
        panel.grid(visible=False, axis="y")
    axes[-1].set_xlabel(f"days since the user's first event; {results.label(dataset)}")
    return figure, [dataset]


def stacked(days: np.ndarray) -> np.ndarray:
    """`(n,)`: how many earlier events have the same time, for each of ascending times."""
    return np.arange(len(days)) - np.searchsorted(days, days)


def example_users(data: dict[str, np.ndarray]) -> dict[str, int]:
    """`uniform` and `non-uniform` -> row of a user; empty where no two users have such lengths and spans."""
    offsets, times = data["offsets"], data["times"]
    lengths = np.diff(offsets)
    span = times[offsets[1:] - 1] - times[offsets[:-1]]
    low, high = EXAMPLE_LENGTHS
    users = np.flatnonzero((lengths >= low) & (lengths <= high) & (span >= SHORTEST_SPAN_DAYS * SECONDS_A_DAY))
    if len(users) < 2:
        return {}
    ranked = users[np.argsort(data["interval_variance"][users], kind="stable")]
    return {kind: int(ranked[round(place * (len(ranked) - 1))]) for kind, place in QUANTILES.items()}


def uniformity(results: Results) -> tuple[Figure, list[str]] | None:
    """F2: histogram of `log10(1 + interval std in days)`, one panel a data set, with the cut at sigma."""
    runs = dict(list(first_runs(results).items())[:MOST_PANELS])
    if not runs:
        return None
    figure, axes = plotting.figure("full", height=2.1, ncols=len(runs))
    panels = axes if isinstance(axes, list) else [axes]
    for panel, (dataset, run) in zip(panels, runs.items(), strict=True):
        _histogram(panel, run.data["interval_variance"])
        panel.set_title(results.label(dataset))
        panel.set_xlabel("interval std of a user (days)")
    panels[0].set_ylabel("share of users")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure, list(runs)


def _histogram(panel: Axes, variance: np.ndarray) -> None:
    position = np.log10(1 + np.sqrt(variance) / SECONDS_A_DAY)
    cut = float(np.sort(position)[max(int(SIGMA * len(position)) - 1, 0)])
    panel.hist(position, bins=40, weights=np.full(len(position), 1 / len(position)), color=plotting.PALETTE[1])
    panel.axvline(cut, color=plotting.PALETTE[0], linewidth=1.2, label=f"the most uniform {SIGMA:.0%} end here")
    ticks = [days for days in (0, 1, 10, 100, 1000) if np.log10(1 + days) <= position.max() + 0.3]
    panel.set_xticks([np.log10(1 + days) for days in ticks], [str(days) for days in ticks])
    panel.grid(visible=False, axis="x")


def first_runs(results: Results) -> dict[str, FinishedRun]:
    """Data set -> one of its finished runs, for its prepared arrays; in the order of the paper's YAML."""
    found: dict[str, FinishedRun] = {}
    for run in results.runs():
        found.setdefault(run.dataset, run)
    return {dataset: found[dataset] for dataset in results.known("datasets", None, found)}
