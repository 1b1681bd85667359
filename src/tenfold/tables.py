"""Tables of results: measured and reported numbers side by side, and their HTML.

A table is a pandas DataFrame of texts. Its first index level groups the rows (the data set), its column levels become
header rows, and `frame.attrs["best"]` lists the (row, column) positions that are printed bold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from tenfold.results import Results

NOT_MEASURED = "not measured"
NOT_TRANSCRIBED = "not transcribed"
NO_COUNTERPART = "none (stand-in)"
"""Reported column of data that the paper never used: no number can exist."""

_ABSENT = (NOT_MEASURED, NOT_TRANSCRIBED, NO_COUNTERPART)

MEASURED, REPORTED, ORIGIN = "measured", "reported", "origin"


def mean_and_spread(values: Sequence[float], number_format: str) -> str:
    """`0.1234 ± 0.0021`: mean and sample standard deviation over seeds; the mean alone for a single seed."""
    import numpy as np

    array = np.asarray(values, dtype=float)
    if array.size == 0:
        return NOT_MEASURED
    mean = format(array.mean(), number_format)
    return mean if array.size == 1 else f"{mean} ± {format(array.std(ddof=1), number_format)}"


def comparison_table(
    results: Results,
    metrics: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    split: str = "test",
) -> pd.DataFrame:
    """Rows (data set, method); for each metric `measured` (mean ± std over seeds) and `reported`; one column `origin`.

    What is left out defaults to everything that metrics.csv holds for `split`, in the order of the paper's YAML.
    A reported number that is missing reads "not transcribed"; on stand-in data, where there cannot be one,
    "none (stand-in)". Raises ResultError when a name is not in the paper's YAML.
    """
    import pandas as pd

    paper = results.paper
    measured = results.metrics[results.metrics["split"] == split]
    metrics = results.known("metrics", metrics, measured["metric"])
    methods = results.known("methods", methods, measured["method"])
    datasets = results.known("datasets", datasets, measured["dataset"])
    values: dict[Any, list[float]] = measured.groupby(["dataset", "method", "metric"])["value"].apply(list).to_dict()
    reported = results.reported[results.reported["split"] == split].groupby(["dataset", "method", "metric"])
    by_key = dict(iter(reported))

    rows, labels, kept = [], [], []
    for dataset in datasets:
        for method in methods:
            keys = [(dataset, method, metric) for metric in metrics]
            if not any(key in values or key in by_key for key in keys):
                continue
            row, origins = [], []
            for key in keys:
                number_format = paper.metrics[key[2]].format
                row.append(mean_and_spread(values.get(key, []), number_format))
                if key in by_key:
                    row.append(" / ".join(format(value, number_format) for value in by_key[key]["value"]))
                    origins += [_origin(origin, label) for origin, label in by_key[key][["origin", "label"]].to_numpy()]
                else:
                    row.append(NOT_TRANSCRIBED if results.kind(dataset) == "paper" else NO_COUNTERPART)
            rows.append([*row, " / ".join(dict.fromkeys(origins))])
            labels.append((results.label(dataset), results.method_title(method)))
            kept.append(keys)
    columns = [(paper.metrics[metric].title, part) for metric in metrics for part in (MEASURED, REPORTED)]
    frame = pd.DataFrame(
        rows,
        index=pd.MultiIndex.from_frame(pd.DataFrame(labels, columns=["data set", "method"])),
        columns=pd.MultiIndex.from_tuples([*columns, ("", ORIGIN)]),
    )
    frame.attrs["best"] = _best(kept, values, {name: paper.metrics[name].higher_is_better for name in metrics})
    return frame


def _origin(origin: str, label: Any) -> str:
    return f"{origin} ({label})" if isinstance(label, str) and label else origin


def _best(
    keys: list[list[tuple[str, str, str]]],
    values: dict[tuple[str, str, str], list[float]],
    higher_is_better: dict[str, bool | None],
) -> list[tuple[int, int]]:
    """Positions of the best measured mean of each data set and metric, where better has a direction."""
    best = []
    for place, higher in enumerate(higher_is_better.values()):
        if higher is None:
            continue
        for _, group in groupby(enumerate(keys), key=lambda item: item[1][0][0]):
            means = {row: sum(v) / len(v) for row, row_keys in group if (v := values.get(row_keys[place]))}
            finite = {row: mean for row, mean in means.items() if mean == mean}
            if len(finite) > 1:
                target = max(finite.values()) if higher else min(finite.values())
                best += [(row, 2 * place) for row, mean in finite.items() if mean == target]
    return best


# ------------------------------------------------------------------------------------------------- HTML

_NUMBER = re.compile(r"^[−+-]?\d[\d.,]*(?:[eE][+-]?\d+)?%?(?: ± .*| / .*)?$")


def table_html(frame: pd.DataFrame, caption: str = "") -> str:
    """The table as an HTML fragment: a caption, header cells with their scope, one row group per first index value.

    All texts are escaped. An index that only counts rows is left out.
    """
    import pandas as pd

    frame = frame.copy()
    best = {tuple(position) for position in frame.attrs.get("best", [])}
    counted = isinstance(frame.index, pd.RangeIndex)
    labels = [()] * len(frame) if counted else [key if isinstance(key, tuple) else (key,) for key in frame.index]
    grouped = bool(labels) and len(labels[0]) > 1
    width = frame.shape[1] + (0 if counted else len(labels[0]) - grouped if labels else frame.index.nlevels)
    lines = ['<table class="results">']
    if caption:
        lines.append(f"<caption>{escape(caption)}</caption>")
    numeric = [_is_numeric(frame.iloc[:, place]) for place in range(frame.shape[1])]
    lines += ["<thead>", *_header(frame, counted, grouped, numeric), "</thead>"]
    numbered = list(enumerate(zip(labels, frame.to_numpy(dtype=object), strict=True)))
    for group, members in groupby(numbered, key=lambda item: item[1][0][0] if grouped else None):
        lines.append("<tbody>")
        if grouped:
            lines.append(f'<tr class="group"><th scope="rowgroup" colspan="{width}">{escape(str(group))}</th></tr>')
        for row, (label, cells) in members:
            heads = "".join(f'<th scope="row">{escape(str(part))}</th>' for part in label[grouped:])
            body = "".join(_cell(cell, numeric[place], (row, place) in best) for place, cell in enumerate(cells))
            lines.append(f"<tr>{heads}{body}</tr>")
        lines.append("</tbody>")
    lines.append("</table>")
    return "\n".join(lines) + "\n"


def _header(frame: pd.DataFrame, counted: bool, grouped: bool, numeric: Sequence[bool]) -> list[str]:
    """Header rows: one for each column level; a group's cell spans its columns, an empty one says nothing."""
    names = [] if counted else [str(name or "") for name in frame.index.names][grouped:]
    levels = frame.columns.nlevels
    columns = [key if isinstance(key, tuple) else (key,) for key in frame.columns]
    span = f' rowspan="{levels}"' if levels > 1 else ""
    lines = []
    for level in range(levels):
        cells = [f'<th scope="col"{span}>{escape(name)}</th>' for name in names] if level == 0 else []
        if level == levels - 1:
            for place, key in enumerate(columns):
                kind = _class("number" if numeric[place] else "")
                cells.append(f'<th scope="col"{kind}>{escape(str(key[level]))}</th>')
        else:
            for group, members in groupby(columns, key=lambda key: key[: level + 1]):
                width = len(list(members))
                text = escape(str(group[-1]))
                cells.append(
                    f'<th scope="colgroup" colspan="{width}">{text}</th>' if text else f'<td colspan="{width}"></td>'
                )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return lines


def _cell(value: Any, numeric: bool, best: bool) -> str:
    text = _text(value)
    kind = "absent" if value in _ABSENT else "number" if numeric else ""
    return f"<td{_class(kind)}>{f'<strong>{text}</strong>' if best else text}</td>"


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return escape(format(value, ".6g") if isinstance(value, float) else str(value))


def _is_numeric(column: Iterable[Any]) -> bool:
    """Whether a column is set to the right: at least half of what is in it are numbers, or stand for missing ones."""
    kinds = [value in _ABSENT or bool(_NUMBER.match(text)) for value in column if (text := _text(value))]
    return bool(kinds) and 2 * sum(kinds) >= len(kinds)


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
