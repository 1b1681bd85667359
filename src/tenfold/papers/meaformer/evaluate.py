"""Evaluate stage: Hits@k and MRR of both directions, and what else was counted.

Splits: `last` is the last epoch, `test` the epoch that validation chose, `best-on-test` the epoch that is best on the
test itself (the published code's protocol). A run over several shares of links is measured at its last epochs, with
splits such as `5%`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.metrics.ranking import hits, reciprocal_ranks
from tenfold.training.finished import FinishedRun

SPLITS = {"last": "last", "selected": "test", "best": "best-on-test", "pivot": "pivot"}
"""Moment of training -> the split that its ranks are measured on."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Measurements of every seed and share of a run, from its predictions `<seed>/<share>/<what>`."""
    shares = run.settings["split"]["shares"]
    found = []
    for seed in run.seeds:
        for share in shares:
            own = part(run.predictions, f"{seed}/{share:g}/")
            name = f"{100 * share:g}%" if len(shares) > 1 else None
            for moment, split in SPLITS.items():
                if f"{moment}/left" in own and (name is None or moment == "last"):
                    ranks = own[f"{moment}/left"], own[f"{moment}/right"]
                    found += [Measurement(seed, *one, split=name or split) for one in alignment(*ranks)]
            if name is not None and run.settings["compared_with"]:
                other = part(run.predictions, f"reference/{seed}/{share:g}/")
                found += [Measurement(seed, *one, split=name) for one in gains(own, other)]
            if name is None:
                found += [Measurement(seed, *one) for one in counts(own)]
    return found


def part(arrays: Mapping[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    """Arrays whose name starts so, without that start."""
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}


def alignment(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[str, float]]:
    """Metrics of ranks from left to right (the paper's tables), from right to left, and the mean of both."""
    for k in (1, 10):
        yield f"hits{k}", float(hits(left, k).mean())
        yield f"hits{k}_back", float(hits(right, k).mean())
        yield f"hits{k}_both", float((hits(left, k).mean() + hits(right, k).mean()) / 2)
    yield "mrr", float(reciprocal_ranks(left).mean())
    yield "mrr_back", float(reciprocal_ranks(right).mean())
    yield "mrr_both", float((reciprocal_ranks(left).mean() + reciprocal_ranks(right).mean()) / 2)


def gains(own: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float]]:
    """What the last epoch has more than that of the run it is compared with, on the same links."""
    if other:
        mine, theirs = (dict(alignment(one["last/left"], one["last/right"])) for one in (own, other))
        for metric in ("hits1_both", "mrr_both"):
            yield f"gain_{metric}", mine[metric] - theirs[metric]


def counts(own: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float, str]]:
    """Metric, value and split of what is not a rank."""
    yield "parameters", float(own["parameters"]), "model"
    yield "chosen_epoch", float(own["selected/epoch"]), "test"
    if "grown" in own:
        yield "grown_links", float(own["grown"][0]), "last"
        yield "grown_precision", float(own["grown"][1]), "last"
    if "seed_precision" in own:
        yield "seed_precision", float(own["seed_precision"]), "pivot"
    if "weights/weights" in own:
        yield from weights(part(own, "weights/"))


def weights(own: Mapping[str, np.ndarray]) -> Iterator[tuple[str, float, str]]:
    """Mean weight of each modality, its spread over entities, and that of vision by what an entity shows."""
    modalities = own["modalities"].tolist()
    for place, name in enumerate(modalities):
        yield f"weight_{name}", float(own["weights"][:, place].mean()), "all"
        yield f"spread_{name}", float(own["weights"][:, place].std()), "all"
    if "vision" in modalities:
        vision, pictured, corrupted = (
            own["weights"][:, modalities.index("vision")],
            own["pictured"],
            own["corrupted"],
        )
        for split, chosen in (
            ("with-picture", pictured & ~corrupted),
            ("without-picture", ~pictured),
            ("another-picture", corrupted),
        ):
            if chosen.any():
                yield "weight_vision", float(vision[chosen].mean()), split
