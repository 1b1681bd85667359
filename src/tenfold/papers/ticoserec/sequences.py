"""Users' interaction sequences and the leave-one-out protocol (card, 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from tenfold.papers.ticoserec.intervals import merged_variance
from tenfold.papers.ticoserec.ragged import Ragged

Stage = Literal["valid", "test"]

PAD = 0
"""Item id of padding and of a masked item; items are 1..item_count."""


@dataclass(frozen=True)
class Sequences:
    """Chronological sequences `v_1..v_n` of `U` users with their times; every `n` is at least 4.

    The last item is the test target, the last but one the validation target; training sees `v_1..v_{n-2}`.
    """

    items: Ragged
    times: Ragged
    """In the same unit throughout; non-decreasing within a user."""
    item_count: int

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Sequences:
        """The data set that `prepare` saved."""
        offsets = arrays["offsets"]
        items = arrays["items"].astype(np.int64)
        return cls(Ragged(items, offsets), Ragged(arrays["times"], offsets), int(arrays["item_count"]))

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def train_inputs(self) -> Ragged:
        """`v_1..v_{n-3}`."""
        return self.items.without_last(3)

    @cached_property
    def train_targets(self) -> Ragged:
        """`v_2..v_{n-2}`: the item after each train input."""
        return self.items.without_last(2).without_first(1)

    @cached_property
    def train_items(self) -> Ragged:
        """`v_1..v_{n-2}`: all that training may see."""
        return self.items.without_last(2)

    @cached_property
    def train_times(self) -> Ragged:
        """`tau_1..tau_{n-2}`: one more than train inputs, so that the last input too has a following interval."""
        return self.times.without_last(2)

    @cached_property
    def variance(self) -> np.ndarray:
        """`(U,)`: interval variance on merged timestamps of the whole sequence; small is uniform."""
        return merged_variance(self.times)

    def history(self, stage: Stage) -> Ragged:
        """What is known before the target: `v_1..v_{n-2}` for validation, `v_1..v_{n-1}` for test."""
        return self.items.without_last(2 if stage == "valid" else 1)

    def targets(self, stage: Stage) -> np.ndarray:
        """`(U,)`: the item to predict."""
        return self.items.values[self.items.offsets[1:] - (2 if stage == "valid" else 1)]

    def of_users(self, users: np.ndarray) -> Sequences:
        """The users `users` as a data set of their own: only their items exist, numbered anew in id order."""
        items = self.items.take(users)
        known, renumbered = np.unique(items.values, return_inverse=True)
        return Sequences(Ragged(renumbered + 1, items.offsets), self.times.take(users), len(known))
