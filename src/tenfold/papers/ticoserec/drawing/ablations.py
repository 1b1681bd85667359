"""What single choices do: tables 4 and 5, figures 3, 4 and 6. Differences are paired by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.results import Results
from tenfold.tables import NOT_MEASURED, mean_and_spread

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Side = tuple[str, str]
"""Method and split."""

METHOD = "ticoserec"
BASE: Side = (METHOD, "test")
SHOWN = ["hr@10", "ndcg@10", "ndcg@20"]
COMPARED = "ndcg@20"

SIGMAS = {
    "ticoserec-sigma-0": 0.0,
    "ticoserec": 0.15,
    "ticoserec-sigma-30": 0.3,
    "ticoserec-sigma-50": 0.5,
    "ticoserec-sigma-100": 1.0,
}
ABLATION: dict[str, Side] = {
    "random positions": ("ticoserec-random", "test"),
    "opposite positions": ("ticoserec-opposite", "test"),
    "without Ti-Crop": ("operator-sets", "without-crop"),
    "without Ti-Mask": ("operator-sets", "without-mask"),
    "without Ti-Reorder": ("operator-sets", "without-reorder"),
    "without Ti-Substitute": ("operator-sets", "without-substitute"),
    "without Ti-Insert": ("operator-sets", "without-insert"),
    "all five operators for short sequences": ("operator-sets", "all-for-short"),
    "sigma 0 (nobody is left as they are)": ("ticoserec-sigma-0", "test"),
    "sigma 0.3": ("ticoserec-sigma-30", "test"),
    "sigma 0.5": ("ticoserec-sigma-50", "test"),
    "sigma 1 (everybody is)": ("ticoserec-sigma-100", "test"),
}
HYBRID: Side = ("published-choices", "hybrid-as-intended")
PUBLISHED: dict[str, tuple[Side, Side]] = {
    "P1: unrelated users are left as they are": (("published-choices", "kept-users"), BASE),
    "P2: windows without their last interval": (("published-choices", "window-intervals"), BASE),
    "P3: dissimilar items in the hybrid": (("published-choices", "hybrid-similarity"), HYBRID),
    "P8: padding takes part in the contrast": (("published-choices", "padding"), BASE),
    "all four": (("ticoserec-published-code", "test"), BASE),
}
"""Choice of the published code -> what has it, and what differs from that in this choice alone."""

GENERATORS = ("ticoserec", "ticoserec-random", "ticoserec-opposite")
WARMUP = "sasrec-warmup"
REFERENCES = ("sasrec", "coserec")
VALIDATED = "valid-ndcg@20"
MOST_PANELS = 3


class Outcomes:
    """Values of the tested metrics by data set, method, split and seed."""

    def __init__(self, results: Results) -> None:
        rows = results.metrics.groupby(["dataset", "method", "split", "metric"])
        self._values = {key: dict(zip(part["seed"], part["value"], strict=True)) for key, part in rows}

    def by_seed(self, dataset: str, side: Side, metric: str) -> dict[int, float]:
        """Seed -> value; empty where it was not run."""
        return self._values.get((dataset, *side, metric), {})

    def difference(self, dataset: str, side: Side, base: Side) -> list[float]:
        """NDCG@20 of `side` minus that of `base`, for every seed that both have."""
        first, second = self.by_seed(dataset, side, COMPARED), self.by_seed(dataset, base, COMPARED)
        return [first[seed] - second[seed] for seed in sorted(first.keys() & second.keys())]


def ablation_table(results: Results) -> pd.DataFrame | None:
    """T4: positions, leave one operator out, operator sets, sigma; None where there is nothing to compare."""
    return _difference_table(results, {name: (side, BASE) for name, side in ABLATION.items()})


def published_code_table(results: Results) -> pd.DataFrame | None:
    """T5: TiCoSeRec against the choices of its published code, one at a time and together."""
    return _difference_table(results, PUBLISHED, {"hybrid similarity as intended": HYBRID})


def _difference_table(
    results: Results, compared: dict[str, tuple[Side, Side]], further: dict[str, Side] | None = None
) -> pd.DataFrame | None:
    import pandas as pd

    outcomes = Outcomes(results)
    rows, labels = [], []
    for dataset in results.known("datasets", None, results.metrics["dataset"]):
        measured = {name: pair for name, pair in compared.items() if outcomes.by_seed(dataset, pair[0], COMPARED)}
        if not measured or not outcomes.by_seed(dataset, BASE, COMPARED):
            continue
        bases = {results.method_title(METHOD): BASE, **(further or {})}
        sides: dict[str, tuple[Side, Side | None]] = {name: (side, None) for name, side in bases.items()}
        for name, (side, base) in (sides | measured).items():
            values = [list(outcomes.by_seed(dataset, side, metric).values()) for metric in SHOWN]
            if values[0]:
                change = "" if base is None else _signed(outcomes.difference(dataset, side, base))
                formats = [results.paper.metrics[metric].format for metric in SHOWN]
                rows.append([*map(mean_and_spread, values, formats), change])
                labels.append((results.label(dataset), name))
    if not rows:
        return None
    columns = [*(results.paper.metrics[metric].title for metric in SHOWN), "difference in NDCG@20"]
    return pd.DataFrame(
        rows, index=pd.MultiIndex.from_tuples(labels, names=["data set", "what differs"]), columns=columns
    )


def _signed(differences: list[float]) -> str:
    """Mean, with its sign, and standard deviation over seeds."""
    mean = f"{np.mean(differences):+.4f}" if differences else NOT_MEASURED
    return mean if len(differences) < 2 else f"{mean} ± {np.std(differences, ddof=1):.4f}"


# ----------------------------------------------------------------------------------------------------- figures


def sigma_sweep(results: Results) -> tuple[Figure, list[str]] | None:
    """F3: NDCG@20 against sigma, one panel a data set; every seed a dot, the line their mean."""
    outcomes = Outcomes(results)
    sweeps = {
        dataset: {
            sigma: values
            for method, sigma in SIGMAS.items()
            if (values := list(outcomes.by_seed(dataset, (method, "test"), COMPARED).values()))
        }
        for dataset in results.known("datasets", None, results.metrics["dataset"])
    }
    datasets = [dataset for dataset, sweep in sweeps.items() if len(sweep) > 1][:MOST_PANELS]
    if not datasets:
        return None
    figure, panels = _row_of_panels(len(datasets))
    for panel, dataset in zip(panels, datasets, strict=True):
        sweep = sweeps[dataset]
        look = results.styles[METHOD]
        for sigma, values in sweep.items():
            panel.plot([sigma] * len(values), values, **look.points, alpha=0.4)
        panel.plot(list(sweep), [np.mean(values) for values in sweep.values()], **look.line, label="TiCoSeRec (mean)")
        for reference in REFERENCES:
            values = list(outcomes.by_seed(dataset, (reference, "test"), COMPARED).values())
            if values:
                line = results.styles[reference]
                panel.axhline(float(np.mean(values)), linewidth=0.9, label=results.method_title(reference), **line.line)
        panel.set_title(results.label(dataset))
        panel.set_xlabel("sigma: share of users left as they are")
    _finish(figure, panels, "NDCG@20 (test)")
    return figure, datasets


def curves(results: Results) -> tuple[Figure, list[str]] | None:
    """F4: NDCG@20 on validation against the epoch for the three generators, after the warm-up that they share."""
    from matplotlib.ticker import MaxNLocator

    validated = _validated(results)
    generated = validated[validated["method"].isin(GENERATORS)].groupby("data set")["method"].nunique()
    datasets = results.known("datasets", None, generated[generated > 1].index)[:MOST_PANELS]
    if not datasets:
        return None
    figure, panels = _row_of_panels(len(datasets))
    looks = {method: plotting.MethodStyle(plotting.PALETTE[number]) for number, method in enumerate(GENERATORS)}
    looks[WARMUP] = plotting.MethodStyle(plotting.GREY, "--")
    for panel, dataset in zip(panels, datasets, strict=True):
        plotting.learning_curve(
            panel,
            _joined_to_the_warmup(validated[validated["data set"] == dataset]),
            value="value",
            step="epoch",
            styles=looks,
            titles=results.method_titles,
        )
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.set_title(results.label(dataset))
    for panel in panels[1:]:
        panel.set_ylabel("")
    _finish(figure, panels, "NDCG@20 (validation)")
    return figure, datasets


def _validated(results: Results) -> pd.DataFrame:
    """Validation results of the warm-up and the generators: data set, method, seed, epoch, value."""
    import pandas as pd

    rows = [
        (run.dataset, run.method, row["seed"], row["epoch"], row[VALIDATED])
        for run in results.runs()
        if run.method in (WARMUP, *GENERATORS)
        for row in run.history
        if VALIDATED in row
    ]
    return pd.DataFrame(rows, columns=["data set", "method", "seed", "epoch", "value"])


def _joined_to_the_warmup(curves: pd.DataFrame) -> pd.DataFrame:
    """Curves of one data set, each generator's beginning where the warm-up ended."""
    import pandas as pd

    warmup = curves[curves["method"] == WARMUP]
    end = warmup[warmup["epoch"] == warmup["epoch"].max()]
    starts = [end.assign(method=method) for method in GENERATORS if (curves["method"] == method).any()]
    return pd.concat([warmup, *starts, curves[curves["method"] != WARMUP]])


def published_code(results: Results) -> tuple[Figure, list[str]] | None:
    """F6: what each choice of the published code changes in NDCG@20; every seed a dot, the bar their mean."""
    outcomes = Outcomes(results)
    changes = {
        dataset: {name: values for name, sides in PUBLISHED.items() if (values := outcomes.difference(dataset, *sides))}
        for dataset in results.known("datasets", None, results.metrics["dataset"])
    }
    datasets = [dataset for dataset, found in changes.items() if found][:MOST_PANELS]
    if not datasets:
        return None
    figure, panels = _row_of_panels(len(datasets), sharey=True)
    names = [name for name in PUBLISHED if any(name in changes[dataset] for dataset in datasets)]
    for panel, dataset in zip(panels, datasets, strict=True):
        for place, name in enumerate(names):
            values = changes[dataset].get(name, [])
            if values:
                colour = plotting.PALETTE[0 if name == "all four" else 1]
                panel.barh(place, float(np.mean(values)), height=0.55, color=colour, alpha=0.35)
                panel.plot(values, [place] * len(values), "o", color=colour, alpha=0.8)
        panel.axvline(0, color=plotting.GREY, linewidth=0.8)
        panel.set_yticks(range(len(names)), names)
        panel.grid(visible=False, axis="y")
        panel.set_title(results.label(dataset))
        panel.set_xlabel("change of NDCG@20 (test)")
    panels[0].invert_yaxis()
    return figure, datasets


def _row_of_panels(count: int, **subplots: bool) -> tuple[Figure, list[Axes]]:
    figure, axes = plotting.figure("full", height=2.3, ncols=count, **subplots)
    return figure, axes if isinstance(axes, list) else [axes]


def _finish(figure: Figure, panels: list[Axes], label: str) -> None:
    """The shared label of the vertical axis, and one legend for all panels."""
    panels[0].set_ylabel(label)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
