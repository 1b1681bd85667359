"""Figure 8: weights of modalities and attention."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from tenfold import plotting
from tenfold.papers.meaformer.drawing.recorded import NOISY, panel_title, weights_of
from tenfold.papers.meaformer.modalities import MODALITIES
from tenfold.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CASES = 4
"""Entities in which pictures weigh least, and as many in which they weigh most."""
BINS = 60


def _colour(modality: str) -> str:
    return plotting.PALETTE[[*map(str, MODALITIES)].index(modality)]


def _first(results: Results, *, noisy: bool) -> tuple[str, dict[str, np.ndarray]] | None:
    """The first data set for which MEAformer kept weights."""
    for dataset in results.known("datasets", None, results.metrics["dataset"]):
        if dataset.endswith(NOISY) == noisy and (found := weights_of(results, dataset)) is not None:
            return dataset, found
    return None


def distributions(results: Results) -> None:
    """Weights over entities, and mean attention."""
    chosen = _first(results, noisy=False)
    if chosen is None:
        return
    dataset, kept = chosen
    names, table, attention = kept["modalities"].tolist(), kept["weights"], kept["attention"]
    drawn, (left, right) = plotting.figure("full", ncols=2, height=2.6, width_ratios=[1.5, 1])
    edges = np.linspace(table.min(), table.max(), BINS + 1).tolist()
    for place, name in enumerate(names):
        left.hist(table[:, place], bins=edges, histtype="stepfilled", alpha=0.25, color=_colour(name))
        left.hist(table[:, place], bins=edges, histtype="step", color=_colour(name), label=name)
    left.axvline(1 / len(names), color=plotting.GREY, linewidth=0.8, linestyle=":")
    left.set(xlabel="weight $w_m$ (dotted: 1/M)", ylabel="test entities", title=results.label(dataset))
    left.legend()
    image = right.imshow(attention, vmin=0, vmax=max(0.5, float(attention.max())), cmap="Blues")
    for row, column in np.ndindex(*attention.shape):
        shade = "white" if attention[row, column] > 0.6 * image.get_clim()[1] else "black"
        right.text(column, row, f"{attention[row, column]:.2f}", ha="center", va="center", color=shade, fontsize=7)
    right.set_xticks(range(len(names)), names)
    right.set_yticks(range(len(names)), names)
    right.set(xlabel="key", ylabel="query")
    right.grid(visible=False)
    results.save_figure("f8-weights", drawn, [dataset])


def pictures(results: Results) -> None:
    """Weights of pictures by what an entity shows: a panel for each data set that has weights."""
    found = [one for noisy in (False, True) if (one := _first(results, noisy=noisy)) is not None]
    found = [(dataset, kept) for dataset, kept in found if "vision" in kept["modalities"]]
    if not found:
        return
    drawn, axes = plotting.figure("full" if len(found) > 1 else "column", ncols=len(found), height=2.4)
    for ax, (dataset, kept) in zip(axes if len(found) > 1 else [axes], found, strict=True):
        own = kept["weights"][:, kept["modalities"].tolist().index("vision")]
        _histograms(
            ax,
            {
                "own picture": own[kept["pictured"] & ~kept["corrupted"]],
                "another's picture": own[kept["corrupted"]],
                "no picture": own[~kept["pictured"]],
            },
        )
        ax.set(xlabel="weight of the picture", ylabel="density")
        ax.set_title(panel_title(results, dataset, len(found)), fontsize=7)
        ax.set_ylim(top=1.25 * ax.get_ylim()[1])
        ax.legend(loc="upper left")
    results.save_figure("f8-pictures", drawn, [dataset for dataset, _ in found])


def _histograms(ax: Axes, groups: dict[str, np.ndarray]) -> None:
    everything = np.concatenate(list(groups.values()))
    edges = np.linspace(everything.min(), everything.max() + 1e-9, 40).tolist()
    for number, (name, chosen) in enumerate(groups.items()):
        if len(chosen):
            colour = plotting.PALETTE[(1, 0, 2)[number]]
            ax.hist(chosen, bins=edges, density=True, histtype="step", color=colour, label=f"{name} ({len(chosen):,})")
            ax.axvline(chosen.mean(), color=colour, linewidth=0.9, linestyle="--")


def cases(results: Results) -> None:
    """A few entities of the first graph with their pictures."""
    chosen = _first(results, noisy=False)
    if chosen is None or "vision" not in chosen[1]["modalities"]:
        return
    dataset, kept = chosen
    data = results.run(dataset, "meaformer").data
    if data["vision"].ndim != 4 or "label" not in data:
        return
    names = kept["modalities"].tolist()
    half = len(kept["entity"]) // 2  # left entities come first
    order = np.argsort(kept["weights"][:half, names.index("vision")], kind="stable")
    shown = [*order[:CASES], *order[-CASES:]]
    picture = {int(entity): place for place, entity in enumerate(data["vision_entity"])}
    drawn, axes = plotting.figure("full", height=3.3, ncols=len(shown), nrows=2, height_ratios=[1, 1.5])
    for column, place in enumerate(shown):
        entity = int(kept["entity"][place])
        above, below = axes[column], axes[len(shown) + column]
        above.imshow(data["vision"][picture[entity]])
        above.set_axis_off()
        above.set_title(_in_lines(str(data["label"][entity])), fontsize=6, fontweight="normal", loc="center")
        below.bar(range(len(names)), kept["weights"][place], color=[_colour(name) for name in names])
        below.set_xticks(range(len(names)), names, rotation=90)
        below.set_ylim(0, 1.1 * float(kept["weights"].max()))
        below.grid(visible=False, axis="x")
        if column:
            below.set_yticklabels([])
    axes[len(shown)].set_ylabel("weight")
    drawn.suptitle(f"{results.label(dataset)}: pictures weigh least (left four) and most (right four)", fontsize=7.5)
    results.save_figure("f8-cases", drawn, [dataset])


def _in_lines(text: str, width: int = 14, most: int = 3) -> str:
    return "\n".join(textwrap.wrap(text, width, max_lines=most, placeholder=" ..."))
