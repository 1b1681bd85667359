"""Tables of adatask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.papers.adatask.drawing.recorded import CLICKS, DENSE
from tenfold.tables import NOT_MEASURED, comparison_table, mean_and_spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from tenfold.results import Results

OPTIMIZERS = {
    "Adam": ("ew", "adatask"),
    "RMSProp": ("ew-rmsprop", "adatask-rmsprop"),
    "AdaGrad": ("ew-adagrad", "adatask-adagrad"),
}


def all_tables(results: Results) -> None:
    """Write every table for which there are results."""
    _dense(results)
    _recommendation(results)
    for name, rows in (
        ("t3-optimizers", _optimizers(results)),
        ("t4-synthetic", _synthetic(results)),
        ("t5-dominance", _dominance(results)),
    ):
        if rows:
            import pandas as pd

            results.save_table(name, pd.DataFrame(rows))


def _measured(results: Results, names: Sequence[str]) -> list[str]:
    found = set(results.metrics["dataset"])
    return [name for name in names if name in found]


def _dense(results: Results) -> None:
    shown = [name for name in _measured(results, DENSE) if name != "cityscapes"]
    if shown:
        metrics = ["abs_err", "rel_err", "miou", "pix_acc", "delta_m"]
        results.save_table("t1-dense", comparison_table(results, metrics, datasets=[*shown, "cityscapes"]))


def _recommendation(results: Results) -> None:
    import pandas as pd

    frame = results.metrics
    rows = []
    for dataset in _measured(results, CLICKS):
        own = frame[frame["dataset"] == dataset]
        for method in results.known("methods", None, own["method"]):
            values = own[own["method"] == method]
            row = {"data set": results.label(dataset), "method": results.method_title(method)}
            for metric in ("auc_first", "auc_second", "auc_mean"):
                title = results.paper.metrics[metric].title + (", mean" if metric == "auc_mean" else "")
                row[title] = _mean(results, values, metric, "test")
            row["Delta_m (%)"] = _mean(results, values, "delta_m", "test")
            chosen = values[values["metric"] == "learning_rate"]["value"]
            row["learning rates"] = ", ".join(format(rate, "g") for rate in sorted(set(chosen)))
            row["rAU of the second task, first shared layer"] = _mean(results, values, "rau", "bottom-1")
            rows.append(row)
    if rows:
        results.save_table("t2-recommendation", pd.DataFrame(rows).set_index(["data set", "method"]))


def _optimizers(results: Results) -> list[dict]:
    rows = []
    for dataset in _measured(results, DENSE):
        own = results.metrics[results.metrics["dataset"] == dataset]
        for title, pair in OPTIMIZERS.items():
            for accumulators, method in zip(("joint", "for each task"), pair, strict=True):
                values = own[own["method"] == method]
                if values.empty:
                    continue
                row = {"data set": results.label(dataset), "optimizer": title, "accumulator": accumulators}
                for metric in ("abs_err", "rel_err", "miou", "pix_acc", "delta_m"):
                    row[results.paper.metrics[metric].title] = _mean(results, values, metric, "test")
                row["rAU of depth, mean over layers"] = _mean(results, values, "rau", "layers")
                rows.append(row)
    return rows


def _synthetic(results: Results) -> list[dict]:
    rows = []
    titles = {
        "equilibrium": "mean end point",
        "equilibrium_error": "distance from theory",
        "pareto_gap": "gain left in both losses",
        "loss_first": "L1",
        "loss_second": "L2",
        "rau_first": "rAU of the first task",
        "scale_shift": "moved by the scale s",
    }
    for dataset in _measured(results, ("toy-quadratic", "toy-curves")):
        own = results.metrics[results.metrics["dataset"] == dataset]
        for method in results.known("methods", None, own["method"]):
            for split, values in own[own["method"] == method].groupby("split", sort=False):
                row = {"problem": results.label(dataset), "method": results.method_title(method), "case": split}
                for metric, title in titles.items():
                    shown = _mean(results, values, metric, str(split))
                    row[title] = "" if shown == NOT_MEASURED else shown
                rows.append(row)
    return rows


def _dominance(results: Results) -> list[dict]:
    rows = []
    for dataset in _measured(results, (*DENSE, *CLICKS)):
        own = results.metrics[(results.metrics["dataset"] == dataset) & (results.metrics["split"] == "layers")]
        for method in results.known("methods", None, own["method"]):
            values = own[own["method"] == method]
            row = {"data set": results.label(dataset), "method": results.method_title(method)}
            for metric, title in (
                ("rau", "rAU, mean over layers"),
                ("rau_largest", "rAU, largest"),
                ("imbalance_largest", "|rAU - 1/K|, largest"),
                ("imbalance_by_depth", "rank correlation with depth of the layer"),
                ("accumulator_correlation", "rank correlation with accumulated gradients"),
            ):
                row[title] = _mean(results, values, metric, "layers")
            rows.append(row)
    return rows


def _mean(results: Results, values: pd.DataFrame, metric: str, split: str) -> str:
    chosen = values[(values["metric"] == metric) & (values["split"] == split)]["value"]
    return mean_and_spread(chosen.tolist(), results.paper.metrics[metric].format)
