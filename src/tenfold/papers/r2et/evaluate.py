"""Evaluate stage: means over samples of what training measured, and rank correlations of thickness with P@k.

Splits of the metric `precision`: `ranking` (ERAttack), `distance` (MSE attack), `ranking-raw`, `random`; followed by
`@0.25` for a smaller total l2 budget, or by the name of another explanation. The split of everything else is `test`, or
`validation` for what candidates and methods are chosen by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tenfold.evaluation import Measurement
from tenfold.papers.r2et.selection import quality, selection_score
from tenfold.papers.r2et.settings import Train
from tenfold.training.finished import FinishedRun

BUDGETS = (0.1, 0.25, 0.5)
"""Total l2 budgets reported beside the full one."""
MEANS = {
    "thickness": "thickness",
    "thickness-attack": "thickness_attack",
    "saliency-norm": "saliency_norm",
    "flip_fraction": "dffot",
    "comprehensiveness": "comp",
    "sufficiency": "suff",
}
"""Array -> the metric that is its mean over samples."""


def evaluate(run: FinishedRun) -> list[Measurement]:
    """Every metric of one job."""
    settings = Train.model_validate(run.settings)
    found: list[Measurement] = []
    for row, seed in enumerate(run.seeds):
        if settings.measuring.every_candidate:
            found += [Measurement(seed, name, value) for name, value in over_models(run.predictions, row).items()]
        else:
            found += _of_seed(run.predictions, settings, row, seed)
    return found


def _of_seed(arrays: Mapping[str, np.ndarray], settings: Train, row: int, seed: int) -> Iterator[Measurement]:
    candidate = int(arrays["grid/chosen"][row])
    yield from _selection(arrays, row, seed, candidate)
    scores, labels = arrays["scores"][row, 0], arrays["labels"][row]
    if scores.shape[-1] == 2:
        yield Measurement(seed, "auc", quality(scores, labels))
    yield Measurement(seed, "accuracy", float((scores.argmax(-1) == labels).mean()))
    yield Measurement(seed, "operations", float(arrays["operations"]))
    yield Measurement(seed, "distinct", float(arrays["distinct"][row, 0]))
    for array, metric in MEANS.items():
        yield Measurement(seed, metric, float(arrays[array][row, 0].mean(dtype=np.float64)))
    for name, values in arrays.items():
        what, _, kind = name.partition("/")
        if what == "unchanged":
            yield Measurement(seed, "unchanged", float(values[:, row, 0].mean()), kind)
        elif what == "precision":
            yield from _precision(values, settings, row, seed, kind)
    yield Measurement(seed, "disagreement", float(disagreement(arrays, row).mean()))
    rho = spearman(arrays["thickness"][row, 0], arrays["precision/ranking"][-1, row, 0])
    if np.isfinite(rho):
        yield Measurement(seed, "sample_rho", rho)


def _selection(arrays: Mapping[str, np.ndarray], row: int, seed: int, candidate: int) -> Iterator[Measurement]:
    validated, precision = arrays["grid/quality"][row, candidate], arrays["grid/precision"][row, candidate]
    budget = arrays["grid/budget"][row]
    score = selection_score(float(validated), float(precision), float(budget))
    yield Measurement(seed, "selection", score, "validation")
    yield Measurement(seed, "quality", float(validated), "validation")
    yield Measurement(seed, "within_budget", float(validated >= budget), "validation")
    yield Measurement(seed, "candidate", float(candidate), "validation")


def _precision(values: np.ndarray, settings: Train, row: int, seed: int, kind: str) -> Iterator[Measurement]:
    if "/" in kind:  # another explanation: (S, C, B), at the end of the attack
        attack, _, explanation = kind.partition("/")
        yield Measurement(seed, "precision", float(values[row, 0].mean(dtype=np.float64)), f"{attack}-{explanation}")
        return
    yield Measurement(seed, "precision", float(values[-1, row, 0].mean(dtype=np.float64)), kind)
    for budget, step in budget_steps(settings).items():
        yield Measurement(seed, "precision", float(values[step, row, 0].mean(dtype=np.float64)), f"{kind}@{budget:g}")


def budget_steps(settings: Train) -> dict[float, int]:
    """Budget -> which of the recorded numbers of steps spends it; those of BUDGETS that were recorded."""
    each = settings.attack.every * settings.attack.step_size
    last = settings.attack.steps // settings.attack.every
    found = {budget: round(budget / each) for budget in BUDGETS}
    return {budget: step for budget, step in found.items() if step <= last and abs(step * each - budget) < 1e-9}


def disagreement(arrays: Mapping[str, np.ndarray], row: int) -> np.ndarray:
    """Samples (B,) with a point of the ERAttack whose saliency is nearer to the clean one than at a point of another
    perturbation (MSE attack or random), and whose P@k is lower.
    """
    distance, precision = arrays["distance/ranking"][1:, row, 0], arrays["precision/ranking"][1:, row, 0]  # (R, B)
    found = np.zeros(distance.shape[1], dtype=bool)
    for other in ("distance", "random"):
        theirs = arrays[f"distance/{other}"][1:, row, 0], arrays[f"precision/{other}"][1:, row, 0]
        found |= ((distance[:, None] < theirs[0]) & (precision[:, None] < theirs[1] - 1e-9)).any(axis=(0, 1))
    return found


def over_models(arrays: Mapping[str, np.ndarray], row: int) -> dict[str, float]:
    """Rank correlation, over all candidates of a seed, of mean thickness with mean P@k, and its permutation p."""
    thickness = arrays["thickness"][row].mean(-1, dtype=np.float64)
    precision = arrays["precision/ranking"][-1, row].mean(-1, dtype=np.float64)
    rho = spearman(thickness, precision)
    return {"model_rho": rho, "model_rho_p": permutation_p(thickness, precision, rho)}


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rho; not a number where one side is constant."""
    from scipy.stats import rankdata

    a, b = rankdata(first), rankdata(second)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def permutation_p(first: np.ndarray, second: np.ndarray, rho: float, draws: int = 4999) -> float:
    """One-sided p of a rank correlation at least as high, from random pairings (a fixed stream)."""
    from scipy.stats import rankdata

    generator = np.random.default_rng(0)
    a, b = (rank - rank.mean() for rank in (rankdata(first), rankdata(second)))
    shuffled = generator.permuted(np.tile(b, (draws, 1)), axis=1) @ a
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float((1 + (shuffled / scale >= rho - 1e-12).sum()) / (draws + 1))
