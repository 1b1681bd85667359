"""From timestamped interactions to users' sequences."""

from __future__ import annotations

import numpy as np

from tenfold.data.interactions import Interactions, k_core
from tenfold.data.preparation import Preparation, Prepared
from tenfold.data.readers import read
from tenfold.errors import DataError
from tenfold.papers.ticoserec.intervals import intervals, merged_variance
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.settings import Prepare

SHORTEST = 4
"""Events: one train input, one train target, one validation target, one test target."""


def prepare(task: Preparation) -> Prepared:
    """Sequences `items` and `times` (E,), user by user at `offsets` (U + 1,), with the users' interval variance (U,).

    Ties in time keep the order of the raw file: half of the intervals of the Amazon data are 0.
    Raises DataError when a user has fewer than four events.
    """
    settings = Prepare(**task.settings)
    if task.raw is None or task.reader is None:
        raise DataError(f"{task.paper} {task.dataset}: this data set needs `raw`, an id of config/datasets.yaml")
    interactions = k_core(read(task.reader, task.raw, task.reader_settings), settings.core)
    if not len(interactions):
        raise DataError(
            f"{task.paper} {task.dataset}: no users and items with {settings.core} events each; lower its prepare.core"
        )
    if (shortest := int(interactions.lengths.min())) < SHORTEST:
        raise DataError(
            f"{task.paper} {task.dataset}: a user has {shortest} events, {SHORTEST} are needed to train, validate and "
            f"test; set prepare.core of this data set to {SHORTEST} or more"
        )
    times = Ragged.of_lengths(interactions.time, interactions.lengths)
    arrays = {
        "items": interactions.item.astype(np.int32),
        "times": times.values,
        "offsets": times.offsets,
        "item_count": np.array(interactions.items),
        "interval_variance": merged_variance(times),
    }
    if interactions.user_ids is not None:
        arrays["user_ids"] = interactions.user_ids
    return Prepared(arrays, _statistics(interactions, times))


def _statistics(interactions: Interactions, times: Ragged) -> dict[str, float]:
    """The columns of the data table."""
    users, items, events = interactions.users, len(np.unique(interactions.item)), len(interactions)
    return {
        "users": users,
        "items": items,
        "interactions": events,
        "mean_length": events / users,
        "density_percent": 100 * events / (users * items),
        "zero_intervals_percent": 100 * float(np.mean(intervals(times).values == 0)),
        "zero_variance_users_percent": 100 * float(np.mean(merged_variance(times) == 0)),
    }
