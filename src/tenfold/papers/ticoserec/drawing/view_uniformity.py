"""Figure 5: how uniform the views are, by operator and position (claim C4m)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold import plotting
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POSITIONS = ("smallest", "random", "largest")
OPERATORS = {"crop": "crop\n(variance)", "insert": "insert\n(gap)", "mask": "mask\n(gap)"}
MOST_PANELS = 3


def boxes(results: Results) -> tuple[Figure, list[str]] | None:
    """Interval deviations of views, one panel a data set, and the data sets; None where there are none."""
    with_views = [run.dataset for run in results.runs() if run.method == "views"]
    datasets = results.known("datasets", None, with_views)[:MOST_PANELS]
    if not datasets:
        return None
    figure, axes = plotting.figure("full", height=2.6, ncols=len(datasets), sharey=False)
    panels = axes if isinstance(axes, list) else [axes]
    for panel, dataset in zip(panels, datasets, strict=True):
        _view_panel(panel, results, dataset)
    panels[0].set_ylabel("interval std of a view (days)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, title="where the operator acts")
    return figure, datasets


def _view_panel(panel: Axes, results: Results, dataset: str) -> None:
    """Boxes from the lower to the upper quartile by operator and position, on a scale that keeps zero."""
    import numpy as np

    run = results.run(dataset, "views")
    seed = run.seeds[0]
    plain = run.predictions[f"{seed}/plain/interval-std"]
    for number, position in enumerate(POSITIONS):
        boxes = [run.predictions[f"{seed}/{operator}-{position}/interval-std"] for operator in OPERATORS]
        panel.boxplot(
            boxes,
            positions=np.arange(len(OPERATORS)) + 0.27 * (number - 1),
            widths=0.22,
            showfliers=False,
            patch_artist=True,
            medianprops={"color": "black", "linewidth": 1.0},
            boxprops={"facecolor": plotting.PALETTE[number], "alpha": 0.75, "linewidth": 0.5},
            whiskerprops={"linewidth": 0.6},
            capprops={"linewidth": 0.6},
            whis=(5, 95),
            manage_ticks=False,
        )
        panel.plot([], [], marker="s", linestyle="none", color=plotting.PALETTE[number], label=position)
    panel.axhline(
        float(np.median(plain)), color=plotting.GREY, linewidth=0.9, linestyle="--", label="plain sequence (median)"
    )
    panel.set_yscale("symlog", linthresh=1.0)
    panel.set_ylim(bottom=0)
    panel.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    panel.minorticks_off()
    panel.grid(visible=False, axis="x")
    panel.set_xticks(range(len(OPERATORS)), list(OPERATORS.values()))
    panel.set_title(results.label(dataset))
