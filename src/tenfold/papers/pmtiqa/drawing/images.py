"""Figures of predictions, distortions and classes: F3, F4, F6, F7."""

from __future__ import annotations

import numpy as np

from tenfold import plotting
from tenfold.papers.pmtiqa.drawing.recorded import any_run, measured, panel_title, score_name, values
from tenfold.papers.pmtiqa.evaluate import predictions_on_test
from tenfold.results import Results

COMPARED = ("pmtiqa", "no-pmt", "no-ms", "brisque-svr", "features-svr")
MOST_PANELS = 6
LADDER = ("synth-csiq", "synth-csiq-tuned", "synth-tiny")


def scatter(results: Results) -> None:
    """F3: predictions of the last epoch against scores, coloured by distortion."""
    datasets = measured(results, ("pmtiqa",))[:MOST_PANELS]
    if not datasets:
        return
    columns = min(2, len(datasets))
    rows = -(-len(datasets) // columns)
    figure, axes = plotting.figure("full", ncols=columns, nrows=rows, height=2.7 * rows)
    panels = axes if isinstance(axes, list) else [axes]
    for ax, dataset in zip(panels, datasets, strict=False):
        run = results.runs_of(dataset, "pmtiqa")[0]
        seed = run.seeds[0]
        predicted, scores = predictions_on_test(run, seed)
        kinds = run.data["distortions"][run.predictions[f"{seed}/test"]]
        for kind, name in enumerate(run.data["distortion_names"].tolist()):
            own = kinds == kind
            style = {"color": plotting.PALETTE[kind % len(plotting.PALETTE)], "alpha": 0.75, "linewidths": 0}
            ax.scatter(scores[own], predicted[-1][own], s=11, label=name or None, **style)
        low, high = min(scores.min(), predicted[-1].min()), max(scores.max(), predicted[-1].max())
        ax.plot([low, high], [low, high], color=plotting.GREY, linewidth=0.8, zorder=0)
        name = score_name(results, dataset)
        ax.set(xlabel=name, ylabel=f"prediction of the {name}", title=panel_title(results, dataset, 34))
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.1, borderaxespad=0)
    for ax in panels[len(datasets) :]:
        ax.set_visible(False)
    results.save_figure("f3-scatter", figure, datasets)


def by_distortion(results: Results) -> None:
    """F4: bars of the median SRCC on the images of each distortion."""
    shown = []
    for dataset in measured(results, ("pmtiqa",)):
        run = any_run(results, dataset)
        names = run.data["distortion_names"].tolist() if run else []
        kept = [name for name in names if values(results, dataset, "pmtiqa", "srcc", name)]
        if kept:
            shown.append((dataset, kept))
    shown = shown[:MOST_PANELS]
    if not shown:
        return
    figure, axes = plotting.figure("full", nrows=len(shown), height=0.4 + 1.75 * len(shown))
    panels = axes if isinstance(axes, list) else [axes]
    for ax, (dataset, names) in zip(panels, shown, strict=True):
        methods = [method for method in COMPARED if values(results, dataset, method, "srcc")]
        width = 0.8 / len(methods)
        for number, method in enumerate(methods):
            found = [list(values(results, dataset, method, "srcc", name).values()) for name in names]
            middle = np.array([np.median(one) for one in found])
            ends = np.abs([middle - [min(one) for one in found], [max(one) for one in found] - middle])
            places = np.arange(len(names)) + (number - (len(methods) - 1) / 2) * width
            ax.bar(
                places, middle, 0.92 * width, yerr=ends, color=results.styles[method].colour,
                label=results.method_title(method), error_kw={"elinewidth": 0.6, "ecolor": plotting.GREY},
            )  # fmt: skip
        ax.axhline(0, color=plotting.GREY, linewidth=0.8)
        ax.set_xticks(range(len(names)), names)
        ax.set(title=results.label(dataset), ylabel=f"SRCC with {score_name(results, dataset)}")
        ax.grid(visible=False, axis="x")
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0)
    results.save_figure("f4-distortions", figure, [dataset for dataset, _ in shown])


def classes(results: Results) -> None:
    """F6: images in each class of every data set that ran."""
    counts = {}
    for dataset in results.paper.datasets:
        run = any_run(results, dataset)
        if run is not None:
            counts[dataset] = np.bincount(run.data["classes"], minlength=int(run.data["class_count"]))
    if not counts:
        return
    columns = min(3, len(counts))
    rows = -(-len(counts) // columns)
    figure, axes = plotting.figure("full", ncols=columns, nrows=rows, height=2.05 * rows + 0.1)
    panels = axes if isinstance(axes, list) else [axes]
    for ax, (dataset, count) in zip(panels, counts.items(), strict=False):
        pseudo = score_name(results, dataset) == "pseudo-score"
        ax.bar(np.arange(len(count)), count, color=plotting.PALETTE[4] if pseudo else plotting.PALETTE[1])
        ax.set_xticks(range(len(count)))
        ax.set(xlabel=f"class of the {score_name(results, dataset)}", ylabel="images")
        ax.set_title(panel_title(results, dataset, 28))
        ax.grid(visible=False, axis="x")
    for ax in panels[len(counts) :]:
        ax.set_visible(False)
    results.save_figure("f6-classes", figure, list(counts))


def ladder(results: Results) -> None:
    """F7: one photograph, pristine and at each level of each distortion."""
    dataset = next((name for name in LADDER if any_run(results, name)), None)
    if dataset is None:
        return
    run = any_run(results, dataset)
    assert run is not None
    pictures, names = run.data["ladder"], run.data["distortion_names"].tolist()
    first = run.data["units"] == 0
    figure, axes = plotting.figure("full", ncols=pictures.shape[1], nrows=len(names), height=1.38 * len(names) + 0.4)
    grid = np.array(axes).reshape(len(names), pictures.shape[1])
    for kind, row in enumerate(grid):
        for level, ax in enumerate(row):
            ax.imshow(pictures[kind, level], interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
            ax.grid(visible=False)
            own = first & (run.data["distortions"] == kind) & (run.data["levels"] == level)
            if level:
                ax.set_title(f"pseudo-score {run.data['scores'][own][0]:.0f}", fontweight="normal", fontsize=7)
            elif kind == 0:
                ax.set_title("pristine", fontweight="normal", fontsize=7)
        row[0].set_ylabel(names[kind])
    results.save_figure("f7-ladder", figure, [dataset])
