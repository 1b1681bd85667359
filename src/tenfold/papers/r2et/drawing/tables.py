"""Tables of values: data, P@k under attack, performance, other explanations, budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tenfold.files import read_json
from tenfold.papers.r2et.drawing.recorded import cells
from tenfold.papers.r2et.evaluate import BUDGETS
from tenfold.results import Results, Values
from tenfold.tables import NOT_MEASURED, mean_and_spread
from tenfold.training.finished import FinishedRun

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

READ_WITH = ("distinct", "chance")
"""Columns beside every P@k."""


def percent(found: Values, dataset: str, method: str) -> str:
    """Mean and standard deviation over seeds, in percent without the sign."""
    return mean_and_spread([100 * value for value in found.get((dataset, method), {}).values()], ".1f")


def labelled(results: Results, rows: list[list[str]], keys: list[tuple[str, str]], columns: list) -> pd.DataFrame:
    """A table with a row for each (data set, method)."""
    import pandas as pd

    labels = [(results.label(dataset), results.method_title(method)) for dataset, method in keys]
    index = pd.MultiIndex.from_tuples(labels, names=["data set", "method"])
    several = bool(columns) and isinstance(columns[0], tuple)
    return pd.DataFrame(rows, index=index, columns=pd.MultiIndex.from_tuples(columns) if several else columns)


def bold(frame: pd.DataFrame, keys: list[tuple[str, str]], found: list[Values | None]) -> None:
    """Mark the highest mean of each data set in every column that has values."""
    marks = []
    for column, one in enumerate(found):
        if one is None:
            continue
        for dataset in dict.fromkeys(dataset for dataset, _ in keys):
            own = [(row, one[key]) for row, key in enumerate(keys) if key[0] == dataset and key in one]
            if len(own) > 1:
                marks.append((max(own, key=lambda pair: np.mean(list(pair[1].values())))[0], column))
    frame.attrs["best"] = marks


def data_table(results: Results) -> None:
    """T1: counts of every data set."""
    import pandas as pd

    rows, labels = [], []
    seen: dict[str, FinishedRun] = {}
    for run in results.runs():
        seen.setdefault(run.dataset, run)
    for dataset in results.known("datasets", None, seen):
        run = seen[dataset]
        counts = read_json(run.prepared / "manifest.json")["statistics"]
        features, k = counts["features"], run.settings["k"]
        positive = f"{counts['positive_share']:.1%}" if "positive_share" in counts else ""
        rows.append(
            [
                *(f"{counts[name]:,.0f}" for name in ("train", "validation", "test")),
                f"{counts['classes']:.0f}", positive, f"{features:.0f}", f"{k}", f"{k / features:.1%}",
            ]
        )  # fmt: skip
        labels.append(results.label(dataset))
    columns = ["training", "validation", "test", "classes", "positive", "features n", "k", "chance k / n"]
    results.save_table("t1-data", pd.DataFrame(rows, index=pd.Index(labels, name="data set"), columns=columns))


def main_table(results: Results) -> None:
    """T2: P@k under each attack beside what it may cost or hide."""
    splits = {"P@k, ER": "ranking", "P@k, MSE": "distance", "P@k, ER raw": "ranking-raw", "P@k, random": "random"}
    precision = {title: results.values("precision", split) for title, split in splits.items()}
    auc, accuracy = results.values("auc"), results.values("accuracy")
    thickness = results.values("thickness")
    within = results.values("within_budget", "validation")
    keys = list(cells(results))
    beside = _read_with(results)
    rows = [
        [
            *(_or_blank(percent(one, *key)) for one in precision.values()),
            percent(thickness, *key),
            percent(auc if key in auc else accuracy, *key),
            *beside(key),
            f"{sum(within[key].values()):.0f} of {len(within[key])}",
        ]
        for key in keys
    ]
    columns = [*precision, "thickness", "AUC / accuracy", *READ_WITH, "budget"]
    frame = labelled(results, rows, keys, columns)
    bold(frame, keys, [precision["P@k, ER"], precision["P@k, MSE"]])
    results.save_table("t2-main", frame)


def _read_with(results: Results) -> Callable[[tuple[str, str]], list[str]]:
    """What every P@k of a (data set, method) has to be read with: distinct top-k sets and chance, in percent."""
    distinct = results.values("distinct")
    chance = {run.dataset: run.settings["k"] / _features(run) for run in results.runs()}
    return lambda key: [percent(distinct, *key), f"{100 * chance[key[0]]:.1f}"]


def _features(run: FinishedRun) -> int:
    return int(read_json(run.prepared / "manifest.json")["statistics"]["features"])


def _or_blank(text: str) -> str:
    return "" if text == NOT_MEASURED else text


def performance_table(results: Results) -> None:
    """T3: clean AUC and accuracy, and the predictions that attacks left alone."""
    auc, accuracy, norms = results.values("auc"), results.values("accuracy"), results.values("saliency_norm")
    attacks = ("ranking", "distance", "ranking-raw", "random")
    unchanged = [results.values("unchanged", attack) for attack in attacks]
    keys = list(cells(results))
    rows = []
    for key in keys:
        agreement = [value for one in unchanged for value in one.get(key, {}).values()]
        rows.append(
            [
                _or_blank(percent(auc, *key)), percent(accuracy, *key), f"{100 * min(agreement):.1f}",
                mean_and_spread(list(norms[key].values()), ".3f"),
            ]
        )  # fmt: skip
    columns = ["AUC, %", "accuracy, %", "predictions unchanged by attacks, %", "||I||"]
    results.save_table("t3-auc", labelled(results, rows, keys, columns))


def explanation_table(results: Results) -> None:
    """T5: P@k of SmoothGrad and Integrated Gradients."""
    names = {"gradient": "", "SmoothGrad": "-smoothgrad", "Integrated Gradients": "-integrated"}
    columns, found = [], []
    for title, ending in names.items():
        for attack, split in (("ER", "ranking"), ("MSE", "distance")):
            columns.append((title, attack))
            found.append(results.values("precision", split + ending))
    keys = list(cells(results))
    beside = _read_with(results)
    columns += [("clean", name) for name in READ_WITH]
    frame = labelled(results, [[*(percent(one, *key) for one in found), *beside(key)] for key in keys], keys, columns)
    bold(frame, keys, list(found))
    results.save_table("t5-explanations", frame)


def budget_table(results: Results) -> None:
    """T9: P@k for several total l2 budgets."""
    columns, found = [], []
    for title, attack in (("ER", "ranking"), ("MSE", "distance")):
        for budget in BUDGETS:
            one = results.values("precision", f"{attack}@{budget:g}")
            if one:
                columns.append((title, f"{budget:g}"))
                found.append(one)
    if found:
        keys, beside = [key for key in cells(results) if key in found[0]], _read_with(results)
        columns += [("clean", name) for name in READ_WITH]
        rows = [[*(percent(one, *key) for one in found), *beside(key)] for key in keys]
        results.save_table("t9-budgets", labelled(results, rows, keys, columns))
