"""Data: for every series its values, the scores of five detectors and 75 features; for every seed its pool and test.

Everything about a series is computed of it alone, so a seed's draw changes which series take part and nothing else.
"""

from __future__ import annotations

import numpy as np

from tenfold.data.labelled_series import TEST, TRAIN, LabelledSeries
from tenfold.data.preparation import Preparation, Prepared
from tenfold.errors import ConfigError
from tenfold.papers.leiad.detectors import DETECTORS, scores
from tenfold.papers.leiad.features import feature_names, statistical_features
from tenfold.papers.leiad.preparation_settings import Prepare
from tenfold.training.seeding import numpy_generator


def prepare(task: Preparation) -> Prepared:
    """Arrays of the S series, N points in all, that take part for any seed.

    - `names`, `groups` (S,) texts; `offsets` (S + 1,), `timestamps` (N,) int64
    - `values` (N,) float64; `labels` (N,) int8
    - `scores` (N, 5) float32, in [0, 1] in each series; `detector_names` (5,)
    - `features` (N, 75) float16, which z-scores can bear, z-scored in each series; `feature_names` (75,)
    - `<seed>/train_series`, `<seed>/test_series`: places in `names`, rising
    """
    settings = Prepare.model_validate(task.settings)
    series = _read(task)
    eligible = np.flatnonzero(
        (series.lengths >= settings.shortest) & (series.lengths <= (settings.longest or series.lengths.max()))
    )
    draws = {
        seed: drawn(series, eligible, settings, numpy_generator(seed, "pool"), task.dataset) for seed in task.seeds
    }
    used = np.unique(np.concatenate([part for draw in draws.values() for part in draw]))
    kept = [series[int(index)] for index in used]
    ends = slice(settings.first_points)
    values = [one.values[ends] for one in kept]
    found = [scores(one.name, x, settings.detectors) for one, x in zip(kept, values, strict=True)]
    arrays = {
        "names": series.names[used], "groups": series.groups[used],
        "offsets": np.cumsum([0, *map(len, values)], dtype=np.int64),
        "timestamps": np.concatenate([one.timestamps[ends] for one in kept]),
        "values": np.concatenate(values),
        "labels": np.concatenate([one.labels[ends] for one in kept]),
        "scores": np.concatenate(found),
        "detector_names": np.array(DETECTORS),
        "features": np.concatenate([statistical_features(x).astype(np.float16) for x in values]),
        "feature_names": np.array(feature_names()),
    }  # fmt: skip
    for seed, (train, test) in draws.items():
        arrays[f"{seed}/train_series"] = np.searchsorted(used, train)
        arrays[f"{seed}/test_series"] = np.searchsorted(used, test)
    return Prepared(arrays, _statistics(series))


def _read(task: Preparation) -> LabelledSeries:
    from tenfold.data.readers import read

    assert task.reader is not None
    assert task.raw is not None
    found = read(task.reader, task.raw, task.reader_settings)
    if not isinstance(found, LabelledSeries):
        raise ConfigError(f"{task.dataset}: the reader {task.reader} does not give labelled series")
    return found


def drawn(
    series: LabelledSeries, eligible: np.ndarray, settings: Prepare, generator: np.random.Generator, dataset: str
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the training and of the test series of one seed, each rising. Labels take no part in the draw.

    Raises ConfigError when the settings ask for more series than there are.
    """
    if settings.split == "paper":
        sides = [eligible[series.splits[eligible] == side] for side in (TRAIN, TEST)]
        shuffled = [generator.permutation(side) for side in sides]
    elif settings.split == "series":
        shuffled = _divided(generator.permutation(eligible), settings)
    else:
        shuffled = _by_curve(series, eligible, settings, generator)
    chosen = []
    for side, order, wanted in zip((TRAIN, TEST), shuffled, (settings.train_series, settings.test_series), strict=True):
        if len(order) < (wanted or 1):
            why = "" if (series.splits != "").any() else "; the data set has no split of its own, so say split: series"
            raise ConfigError(
                f"{dataset}: prepare.{side}_series: {wanted or 1} wanted, but {len(order)} {side} series have these "
                f"lengths{why}"
            )
        chosen.append(np.sort(order[:wanted]))
    return chosen[0], chosen[1]


def _divided(order: np.ndarray, settings: Prepare) -> list[np.ndarray]:
    """Test series from the front, the rest for training."""
    test = settings.test_series or round(len(order) * settings.test_share)
    return [order[test:], order[:test]]


def _by_curve(
    series: LabelledSeries, eligible: np.ndarray, settings: Prepare, generator: np.random.Generator
) -> list[np.ndarray]:
    """Whole curves go to the test side, in random order, until it holds its share of the series."""
    groups = series.groups[eligible]
    wanted = round(len(eligible) * settings.test_share)
    order = generator.permutation(np.unique(groups))
    held = np.cumsum([(groups == group).sum() for group in order])
    test = np.isin(groups, order[: int(np.searchsorted(held, wanted)) + 1])
    return [generator.permutation(eligible[~test]), generator.permutation(eligible[test])]


def _statistics(series: LabelledSeries) -> dict[str, float]:
    """Counts of the whole data set, by split where it has one."""
    statistics = {"curves": float(len(np.unique(series.groups)))}
    for side in (TRAIN, TEST, ""):
        chosen = np.flatnonzero(series.splits == side)
        if len(chosen):
            prefix = f"{side} " if side else ""
            statistics |= {
                f"{prefix}series": float(len(chosen)),
                f"{prefix}points": float(series.lengths[chosen].sum()),
                f"{prefix}anomalous points": float(
                    sum(int((series[int(index)].labels == 1).sum()) for index in chosen)
                ),
            }
    return statistics
