"""Tables of comparisons: faithfulness, significance, grids, cost."""

from __future__ import annotations

import numpy as np

from tenfold.papers.r2et.drawing.recorded import VANILLA, cells, paired, runs
from tenfold.papers.r2et.drawing.tables import labelled
from tenfold.results import Results
from tenfold.statistics import interval_of_pairs
from tenfold.tables import mean_and_spread

FAITHFULNESS = {"dffot": "DFFOT", "comp": "COMP", "suff": "SUFF"}
SIGNIFICANT = 0.05


def faithfulness_table(results: Results) -> None:
    """T4: DFFOT, COMP, SUFF, and their differences to Vanilla."""
    found = {metric: results.values(metric) for metric in FAITHFULNESS}
    keys, rows = list(cells(results)), []
    for dataset, method in keys:
        row = []
        for one in found.values():
            row.append(mean_and_spread(list(one[dataset, method].values()), ".3f"))
            row.append(_difference(paired(one, dataset, method, VANILLA)) if method != VANILLA else "")
        rows.append(row)
    columns = [(title, part) for title in FAITHFULNESS.values() for part in ("value", "difference to Vanilla")]
    results.save_table("t4-faithfulness", labelled(results, rows, keys, columns))


def _difference(differences: np.ndarray) -> str:
    if not len(differences):
        return ""
    interval = interval_of_pairs([differences])
    text = f"{differences.mean():+.3f}"
    return text if interval is None else f"{text} ({interval.low:+.3f} to {interval.high:+.3f})"


def significance_table(results: Results) -> None:
    """T6: every method against Vanilla, sample by sample, for each seed."""
    from scipy.stats import wilcoxon

    samples = {
        (run.dataset, run.method, seed): run.predictions["precision/ranking"][-1, row, 0].astype(np.float64)
        for run in results.runs()
        if not run.settings["measuring"].get("every_candidate", False)
        for row, seed in enumerate(run.seeds)
    }
    rows, keys = [], []
    for dataset, method in cells(results):
        if method == VANILLA:
            continue
        differences = [
            samples[dataset, method, seed] - samples[dataset, VANILLA, seed]
            for name, other, seed in samples
            if (name, other) == (dataset, method) and (dataset, VANILLA, seed) in samples
        ]
        if not differences:
            continue
        p = [wilcoxon(one).pvalue if one.any() else 1.0 for one in differences]
        means = np.array([one.mean() for one in differences])
        favour = sum(value < SIGNIFICANT and mean > 0 for value, mean in zip(p, means, strict=True))
        against = sum(value < SIGNIFICANT and mean < 0 for value, mean in zip(p, means, strict=True))
        rows.append([f"{100 * means.mean():+.1f}", f"{favour}", f"{against}", f"{(means > 0).sum()} of {len(means)}"])
        keys.append((dataset, method))
    if rows:
        columns = [
            "difference, points",
            "significantly higher, seeds",
            "significantly lower, seeds",
            "higher mean, seeds",
        ]
        results.save_table("t6-significance", labelled(results, rows, keys, columns))


def grid_table(results: Results) -> None:
    """T7: every candidate on validation data, and who chose it."""
    rows, keys, settings = [], [], []
    for method in results.known("methods", None, {run.method for run in results.runs()}):
        for dataset, blocks in runs(results, method).items():
            grid = blocks[0].settings["candidates"]
            joined = {
                name: np.concatenate([np.atleast_1d(run.predictions[f"grid/{name}"]) for run in blocks])
                for name in ("quality", "precision", "chosen", "budget")
            }
            if len(grid) == 1 or blocks[0].settings["measuring"].get("every_candidate", False):
                continue
            for place, candidate in enumerate(grid):
                quality = joined["quality"][:, place]
                allowed = (quality >= joined["budget"]).sum()
                rows.append(
                    [
                        _in_words(candidate),
                        f"{100 * quality.mean():.1f}", f"{100 * joined['precision'][:, place].mean():.1f}",
                        f"{allowed} of {len(quality)}", f"{(joined['chosen'] == place).sum()} of {len(quality)}",
                    ]
                )  # fmt: skip
                keys.append((dataset, method))
    if rows:
        order = sorted(range(len(keys)), key=lambda row: list(results.paper.datasets).index(keys[row][0]))
        settings = [
            "candidate",
            "validation AUC / accuracy, %",
            "validation P@k, %",
            "within budget, seeds",
            "chosen by, seeds",
        ]
        results.save_table("t7-grid", labelled(results, [rows[i] for i in order], [keys[i] for i in order], settings))


def _in_words(candidate: dict[str, float | None]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in candidate.items() if value)


def cost_table(results: Results) -> None:
    """T8: counted operations, and CPU seconds of each job."""
    operations = results.values("operations")
    seconds: dict[tuple[str, str], list[float]] = {}
    models: dict[tuple[str, str], int] = {}
    for run in results.runs():
        key = run.dataset, run.method
        seconds.setdefault(key, []).append(run.record["cpu_seconds"])
        models[key] = models.get(key, 0) + len(run.seeds) * len(run.settings["candidates"])
    rows, keys = [], []
    for dataset, method in cells(results):
        if (dataset, VANILLA) not in operations:
            continue
        first = next(iter(operations[dataset, VANILLA].values()))
        own = next(iter(operations[dataset, method].values()))
        total = sum(seconds[dataset, method])
        rows.append([f"{own / first:.2f}", f"{total:.1f}", f"{models[dataset, method]}"])
        keys.append((dataset, method))
    if rows:
        columns = ["operations, Vanilla = 1", "CPU seconds of the job, with attacks", "models trained"]
        results.save_table("t8-cost", labelled(results, rows, keys, columns))
