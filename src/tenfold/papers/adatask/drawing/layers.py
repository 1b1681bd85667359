"""Figures of dominance: rAU by layer, element, step and accumulated gradient."""

from __future__ import annotations

import numpy as np

from tenfold import plotting
from tenfold.papers.adatask.drawing.recorded import DEPTH_TASK, Watched, dense_dataset, watched
from tenfold.papers.adatask.metrics import spearman
from tenfold.results import Results

TASK_COLOURS = {"segmentation": plotting.PALETTE[1], "depth": plotting.PALETTE[0]}
PANELS = ("ew", "pcgrad", "adatask", "adatask-top")
PAIR = ("ew", "adatask")


def by_layer(results: Results) -> None:
    """F1: grouped bars of each task's mean rAU, a panel for each method."""
    dataset = dense_dataset(results)
    shown = [found for method in PANELS if dataset and (found := watched(results, dataset, method))]
    if not shown:
        return
    figure, axes = plotting.figure("full", ncols=len(shown), height=2.2, sharey=True)
    axes = axes if isinstance(axes, list) else [axes]
    for ax, found in zip(axes, shown, strict=True):
        layers, tasks = found.layers, found.mean.shape[-1]
        places, width = np.arange(len(layers)), 0.8 / tasks
        for task, (name, colour) in enumerate(TASK_COLOURS.items()):
            heights = found.mean[:, layers, task].mean(0)
            ax.bar(places + (task - (tasks - 1) / 2) * width, heights, width, color=colour, label=name)
        ax.axhline(1 / tasks, color=plotting.GREY, linestyle="--", linewidth=0.8)
        ax.set_xticks(places, [found.names[place] for place in layers], rotation=90 if len(layers) > 8 else 0)
        ax.set(title=results.method_title(found.method), xlabel="shared layer", ylim=(0, 1))
        ax.grid(visible=False, axis="x")
    axes[0].set_ylabel("mean rAU")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    results.save_figure("f1-layers", figure, [shown[0].dataset])


def by_element(results: Results) -> None:
    """F2: heat maps of the share of a layer's weights in ten bins of the depth task's rAU."""
    shown = _pair(results)
    if not shown:
        return
    figure, axes = plotting.figure("full", ncols=2, height=2.3, sharey=True)
    for ax, found in zip(axes, shown, strict=True):
        layers = found.layers
        image = ax.imshow(
            found.histogram[0, layers, DEPTH_TASK], origin="lower", aspect="auto",
            extent=(0, 1, -0.5, len(layers) - 0.5), vmin=0, vmax=1, cmap="magma_r",
        )  # fmt: skip
        ax.set_yticks(range(len(layers)), [found.names[place] for place in layers])
        ax.axvline(0.5, color=plotting.GREY, linestyle="--", linewidth=0.8)
        ax.set(title=results.method_title(found.method), xlabel="rAU of the depth task")
        ax.grid(visible=False)
    axes[0].set_ylabel("shared layer")
    figure.colorbar(image, ax=axes, label="share of the layer's weights", pad=0.01)
    results.save_figure("f2-histogram", figure, [shown[0].dataset])


def by_step(results: Results) -> None:
    """F3: mean rAU of the depth task against the step, for a low, a middle and a high layer."""
    shown = _pair(results)
    if not shown:
        return
    layers = shown[0].layers
    chosen = [layers[0], layers[(len(layers) - 1) // 2], layers[-1]]
    figure, axes = plotting.figure("full", ncols=3, height=1.9, sharey=True)
    for ax, place, level in zip(axes, chosen, ("low", "middle", "high"), strict=True):
        for found in shown:
            line = results.styles[found.method]
            values = found.trace[:, :, place, DEPTH_TASK]
            ax.plot(found.steps, values.mean(0), label=results.method_title(found.method), **line.line)
            ax.fill_between(found.steps, values.min(0), values.max(0), color=line.colour, alpha=0.15, linewidth=0)
        ax.axhline(0.5, color=plotting.GREY, linestyle="--", linewidth=0.8)
        ax.set(title=f"{level} layer ({shown[0].names[place]})", xlabel="step", ylim=(0, 0.65))
    axes[0].set_ylabel("rAU of the depth task")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    results.save_figure("f3-traces", figure, [shown[0].dataset])


def by_accumulator(results: Results) -> None:
    """F4: rAU of the depth task against its share of the averages of squared gradients."""
    shown = _pair(results)
    if not shown:
        return
    figure, axes = plotting.figure("full", ncols=2, height=2.5)
    kinds = {"": ("weights", "o"), "scale": ("scales", "s"), "shift": ("shifts", "^")}
    for ax, found in zip(axes, shown, strict=True):
        first, second = found.gradient_mean[..., DEPTH_TASK], found.mean[..., DEPTH_TASK]  # (S, W)
        for ending, (label, marker) in kinds.items():
            places = [place for place, name in enumerate(found.names) if name.partition(" ")[2] == ending]
            if places:
                ax.plot(
                    first[:, places].ravel(), second[:, places].ravel(), marker=marker, linestyle="none", alpha=0.7,
                    color=results.styles[found.method].colour, label=label, fillstyle="none" if ending else "full",
                )  # fmt: skip
        correlation = np.nanmean([spearman(one, two) for one, two in zip(first, second, strict=True)])
        ax.set(
            title=f"{results.method_title(found.method)} (rank correlation {correlation:.2f})",
            xlabel="share of accumulated squared gradients, depth",
        )
    axes[0].set_ylabel("mean rAU of the depth task")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    results.save_figure("f4-accumulators", figure, [shown[0].dataset])


def _pair(results: Results) -> list[Watched]:
    dataset = dense_dataset(results)
    found = [watched(results, dataset, method) for method in PAIR] if dataset else []
    return [one for one in found if one is not None] if all(found) else []
