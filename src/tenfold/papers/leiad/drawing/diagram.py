"""The loop of the system (F1): a drawing, no data."""

from __future__ import annotations

from tenfold import plotting
from tenfold.results import Results

BOXES = {
    "detectors": (0.12, 0.82, "Detectors, TS2Vec\n(no labels)"),
    "functions": (0.12, 0.38, "Labelling functions\nvote 1, 0 or abstain"),
    "label": (0.38, 0.38, "Label model\nor vote margin"),
    "pseudo": (0.62, 0.38, "Pseudo-labels,\nuser's labels on top"),
    "end": (0.86, 0.38, "End model\nscores every point"),
    "query": (0.86, 0.82, "Query strategy\nfive points"),
    "user": (0.50, 0.82, "User marks\na window of 400 points"),
    "generator": (0.38, 0.06, "LF generator, gold-only\nmodel every 5th iteration"),
}
ARROWS = (
    ("detectors", "functions", "initial LFs"),
    ("functions", "label", ""),
    ("label", "pseudo", ""),
    ("pseudo", "end", ""),
    ("end", "query", "uncertainty"),
    ("query", "user", "window"),
    ("user", "pseudo", "labels"),
    ("user", "generator", ""),
    ("generator", "functions", "new LFs"),
)


def system(results: Results) -> None:
    """F1: who gives what to whom."""
    drawn, ax = plotting.figure("full", height=2.9)
    ax.set(xlim=(0, 1), ylim=(-0.06, 0.96))
    ax.axis("off")
    texts = {}
    for number, (name, (x, y, text)) in enumerate(BOXES.items()):
        colour = plotting.PALETTE[0] if name == "user" else plotting.PALETTE[1] if number else plotting.PALETTE[2]
        box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": colour, "linewidth": 1.2}
        texts[name] = ax.text(x, y, text, ha="center", va="center", bbox=box, fontsize=7.5, zorder=3)
    for first, second, label in ARROWS:
        start, end = BOXES[first][:2], BOXES[second][:2]
        look = {"arrowstyle": "-|>", "color": plotting.GREY, "linewidth": 1.0}
        patches = {"patchA": texts[first].get_bbox_patch(), "patchB": texts[second].get_bbox_patch()}
        ax.annotate("", xy=end, xytext=start, arrowprops={**look, **patches, "shrinkA": 2, "shrinkB": 2}, zorder=2)
        if label:
            middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
            ax.text(*middle, label, fontsize=6.5, color=plotting.GREY, ha="center", va="center",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, zorder=4)  # fmt: skip
    results.save_figure("f1-system", drawn, [])
