"""Figures of single samples: nearer in l2 with fewer common features, and maps before and after an attack."""

from __future__ import annotations

import numpy as np

from tenfold import plotting
from tenfold.errors import ResultError
from tenfold.papers.r2et.drawing.plots import heading
from tenfold.papers.r2et.drawing.recorded import VANILLA, best_variant, runs
from tenfold.results import Results
from tenfold.training.finished import FinishedRun


def overlap(results: Results) -> None:
    """F1: bars of importances of one sample of the first table that has such a pair."""
    for dataset in results.known("datasets", None, runs(results, VANILLA)):
        run = runs(results, VANILLA)[dataset][0]
        found = _crossed(run) if "names" in run.data else None
        if found is not None:
            _draw_overlap(results, run, *found)
            return


def _crossed(run: FinishedRun) -> tuple[int, str] | None:
    """A kept sample and another perturbation that is further in l2 and keeps more of the top k: the widest pair."""
    arrays, best, widest = run.predictions, None, 0.0
    shown = len(arrays.get("example/clean", ()))
    for sample in range(shown):
        for other in ("distance", "random"):
            nearer = arrays["distance/ranking"][-1, 0, 0, sample] < arrays[f"distance/{other}"][-1, 0, 0, sample]
            lost = arrays[f"precision/{other}"][-1, 0, 0, sample] - arrays["precision/ranking"][-1, 0, 0, sample]
            if nearer and lost > widest:
                best, widest = (sample, other), lost
    return best


def _draw_overlap(results: Results, run: FinishedRun, sample: int, other: str) -> None:
    arrays, k = run.predictions, int(run.predictions["k"])
    names = [str(name).replace("=", ": ") for name in run.data["names"]]
    clean = arrays["example/clean"][sample]
    order = np.argsort(-clean, kind="stable")
    titles = {"ranking": "ERAttack", "distance": "MSE attack", "random": "random perturbation"}
    drawn, axes = plotting.figure("full", height=0.13 * len(names) + 1.0, ncols=3, sharey=True)
    for ax, kind in zip(axes, ("clean", "ranking", other), strict=True):
        sizes = arrays[f"example/{kind}"][sample]
        top = set(np.argsort(-sizes, kind="stable")[:k].tolist())
        kept = set(order[:k].tolist())
        colours = [
            plotting.PALETTE[1] if i in top and i in kept else plotting.PALETTE[0] if i in top else "#c9c9c9"
            for i in order
        ]
        ax.barh(range(len(order)), sizes[order], color=colours, height=0.75)
        ax.set_xlabel("|I|")
        ax.grid(visible=False, axis="y")
        if kind == "clean":
            ax.set_title(f"clean, top {k}")
        else:
            distance = arrays[f"distance/{kind}"][-1, 0, 0, sample]
            ax.set_title(
                f"{titles[kind]}: l2 {distance:.3f}, P@{k} {arrays[f'precision/{kind}'][-1, 0, 0, sample]:.0%}"
            )
    axes[0].set_yticks(range(len(order)), [names[i] for i in order], fontsize=5.5)
    axes[0].invert_yaxis()
    handles = [
        axes[0].barh([0], [0], color=colour, label=label)
        for colour, label in (
            (plotting.PALETTE[1], "in the top k, as in the clean map"), (plotting.PALETTE[0], "newly in the top k"),
            ("#c9c9c9", "not in the top k"),
        )
    ]  # fmt: skip
    drawn.legend(handles=handles, loc="outside lower center", ncols=3)
    drawn.suptitle(results.label(run.dataset))
    results.save_figure("f1-overlap", drawn, [run.dataset])


def images(results: Results) -> None:
    """F5: an image, its map and the attacked map, for Vanilla and the best variant, on the first data set of images."""
    for dataset, blocks in runs(results, VANILLA).items():
        vanilla = blocks[0]
        if vanilla.predictions.get("example/inputs", np.empty(0)).ndim != 4:
            continue
        seed = vanilla.seeds[0]
        variant = best_variant(results, dataset, seed)
        if variant is None:
            continue
        try:
            other = results.run(dataset, variant, seed)
        except ResultError:
            continue
        _draw_images(results, vanilla, other)
        return


def _draw_images(results: Results, vanilla: FinishedRun, other: FinishedRun) -> None:
    arrays = vanilla.predictions
    shown = min(3, len(arrays["example/inputs"]))
    drawn, axes = plotting.figure("full", height=1.45 * shown + 0.5, ncols=5, nrows=shown)
    k = int(arrays["k"])
    for row in range(shown):
        image = arrays["example/inputs"][row]
        first = axes[5 * row]
        pixels = (image - image.min()) / max(float(np.ptp(image)), 1e-9)
        first.imshow(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0), cmap="gray")
        for place, run in ((1, vanilla), (3, other)):
            for offset, kind in enumerate(("clean", "ranking")):
                ax, sizes = axes[5 * row + place + offset], run.predictions[f"example/{kind}"][row]
                side = image.shape[-2:]
                ax.imshow(sizes.reshape(side), cmap="viridis")
                top = np.argsort(-sizes, kind="stable")[:k]
                ax.plot(top % side[1], top // side[1], ".", color="white", markersize=1.6)
                title = (
                    "clean"
                    if kind == "clean"
                    else f"attacked, P@{k} {run.predictions['precision/ranking'][-1, 0, 0, row]:.0%}"
                )
                ax.set_title((f"{results.method_title(run.method)}, " if kind == "clean" else "") + title)
        for ax in axes[5 * row : 5 * row + 5]:
            ax.set_xticks([])
            ax.set_yticks([])
            ax.grid(visible=False)
    axes[0].set_title(heading(results, vanilla.dataset))
    results.save_figure("f5-maps", drawn, [vanilla.dataset])
