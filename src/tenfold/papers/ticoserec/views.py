"""The control strategy: which operator makes which view of which user (card, 3.7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenfold.papers.ticoserec import operators
from tenfold.papers.ticoserec.intervals import intervals, time_unit
from tenfold.papers.ticoserec.operators import Batch, View
from tenfold.papers.ticoserec.ragged import Ragged, concatenated
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import OperatorName, Views
from tenfold.papers.ticoserec.similarity import Neighbours

LENGTH_CLASSES = (4, 8, 16, 32, 64, 128)
"""Sequences up to each of these lengths share a table, so that a few long ones do not widen all rows."""

WINDOW_OPERATORS: dict[str, Callable[..., View]] = {"crop": operators.crop, "reorder": operators.reorder}
SIMILARITY_OPERATORS: dict[str, Callable[..., View]] = {"substitute": operators.substitute, "insert": operators.insert}
NUMBER: dict[OperatorName, int] = {"crop": 0, "mask": 1, "reorder": 2, "substitute": 3, "insert": 4}
UNCHANGED = -1


def train_gaps(sequences: Sequences) -> Ragged:
    """The gap after each train input, in whole numbers of the data's time unit."""
    gaps = intervals(sequences.train_times)
    return Ragged(gaps.values // time_unit(sequences.times), gaps.offsets)


def unaugmented_users(variance: np.ndarray, share: float) -> np.ndarray:
    """`(U,)` bool: the `int(share U)` users with the smallest interval variance; of equal ones the first."""
    kept = np.zeros(len(variance), dtype=bool)
    kept[np.argsort(variance, kind="stable")[: int(share * len(variance))]] = True
    return kept


def unaugmented_by_published_code(variance: np.ndarray, share: float) -> np.ndarray:
    """`(U,)` bool: the users that the official code leaves as they are (card, P1).

    It reads the ids `1..U` of the most uniform share, but then looks up the *row* of a user in the ranked file, counted
    from 0, among them: the user on row `r` is kept when the user of id `r` is one of the most uniform.
    """
    order = np.argsort(variance, kind="stable")
    kept_ids = order[: int(share * len(variance))] + 1
    kept = np.zeros(len(variance), dtype=bool)
    kept[order[kept_ids[kept_ids < len(variance)]]] = True
    return kept


UNAUGMENTED = {"most-uniform": unaugmented_users, "published-code": unaugmented_by_published_code}


class ViewGenerator:
    """Draws augmented views of all users at once.

    Of each view: users among the most uniform share keep their sequence; the others get one operator, drawn uniformly
    from the set for short (`N <= K`) or long sequences. Different views of a user are drawn independently.
    """

    def __init__(self, sequences: Sequences, settings: Views, neighbours: Neighbours, max_length: int) -> None:
        self.settings = settings
        self.neighbours = neighbours
        self.max_length = max_length
        self._originals = sequences.train_inputs
        self._augmented = ~UNAUGMENTED[settings.kept_users](sequences.variance, settings.keep_uniform)
        lengths, gaps = self._originals.lengths, train_gaps(sequences)
        self._is_short = lengths <= settings.short_length
        classes = np.searchsorted(LENGTH_CLASSES, lengths)
        self._users_of_class = [np.flatnonzero(classes == number) for number in np.unique(classes)]
        self._batches = [Batch.of(self._originals.take(users), gaps.take(users)) for users in self._users_of_class]

    def draw(self, count: int, generator: np.random.Generator) -> list[Ragged]:
        """`count` views of every user: each a list of `U` sequences, cut to their last L items.

        Masked items are 0 inside the sequence.
        """
        users_in_all = len(self._originals)
        operator = np.concatenate([self.operators_of_users(generator) for _ in range(count)])
        rows_of_parts, parts = [], []
        for users, batch in zip(self._users_of_class, self._batches, strict=True):
            rows = np.concatenate([users + view * users_in_all for view in range(count)])
            place = np.tile(np.arange(len(users)), count)
            for name, number in NUMBER.items():
                selected = np.flatnonzero(operator[rows] == number)
                if len(selected):
                    rows_of_parts.append(rows[selected])
                    parts.append(_ragged(self.apply(name, batch.take(place[selected]), generator)))
        untouched = np.flatnonzero(operator == UNCHANGED)
        rows_of_parts.append(untouched)
        parts.append(self._originals.take(untouched % users_in_all))
        everything = concatenated([part.last(self.max_length) for part in parts])
        place_of_row = np.argsort(np.concatenate(rows_of_parts))
        return [everything.take(rows) for rows in place_of_row.reshape(count, users_in_all)]

    def operators_of_users(self, generator: np.random.Generator) -> np.ndarray:
        """`(U,)`: the number of the operator drawn for each user, or `UNCHANGED`."""
        chance = generator.random(len(self._is_short))
        short, long = (
            np.array([NUMBER[name] for name in names]) for names in (self.settings.short, self.settings.long)
        )
        drawn = np.where(
            self._is_short, short[(chance * len(short)).astype(int)], long[(chance * len(long)).astype(int)]
        )
        return np.where(self._augmented, drawn, UNCHANGED)

    def apply(self, name: OperatorName, batch: Batch, generator: np.random.Generator) -> View:
        """One operator on a batch, with this generator's rate and position for it."""
        operator = getattr(self.settings, name)
        rate, at = operator.rate, operator.at
        if name in WINDOW_OPERATORS:
            unused = 0 if self.settings.window_intervals == "inside" else 1
            return WINDOW_OPERATORS[name](batch, rate, at, generator, unused_gaps=unused)
        if name in SIMILARITY_OPERATORS:
            return SIMILARITY_OPERATORS[name](batch, rate, at, self.neighbours, generator)
        return operators.mask(batch, rate, at, generator)


def _ragged(view: View) -> Ragged:
    """The views of a padded table, end to end."""
    inside = np.arange(view.items.shape[1]) < view.lengths[:, None]
    return Ragged.of_lengths(view.items[inside], view.lengths)
