"""Timestamped user-item interactions as flat arrays: what the readers return and recommenders start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interactions:
    """E events of U users with I items, user by user, each user's events in chronological order.

    `user` (E,) int64 is non-decreasing and covers 0..U-1; `item` (E,) int64 lies in 1..I (0 is free for padding);
    `time` (E,) int64 is in Unix seconds. Ties in time keep the order of the file.
    """

    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    rating: np.ndarray | None = None
    """(E,) float32, where the data has ratings."""
    user_ids: np.ndarray | None = None
    """(U,) what the files call user u."""
    item_ids: np.ndarray | None = None
    """(I,) what the files call item i, at position i - 1; None where `item` holds the published ids themselves."""

    def __len__(self) -> int:
        return len(self.user)

    @property
    def users(self) -> int:
        """U."""
        return int(self.user[-1]) + 1 if len(self) else 0

    @property
    def items(self) -> int:
        """I, the largest item id."""
        return int(self.item.max()) if len(self) else 0

    @property
    def lengths(self) -> np.ndarray:
        """(U,) number of events of each user; `np.cumsum` of it ends each user's slice."""
        return np.bincount(self.user, minlength=self.users)


def from_events(
    users: Sequence[str], items: Sequence[str], time: np.ndarray, rating: np.ndarray | None = None
) -> Interactions:
    """Interactions from columns (E,) in file order; ids are numbered in order of first appearance in the file."""
    user, user_ids = _numbered(users)
    item, item_ids = _numbered(items)
    order = np.lexsort((time, user))  # stable: ties in time keep the order of the file
    return Interactions(
        user=user[order],
        item=item[order] + 1,
        time=np.asarray(time, dtype=np.int64)[order],
        rating=None if rating is None else np.asarray(rating, dtype=np.float32)[order],
        user_ids=user_ids,
        item_ids=item_ids,
    )


def _numbered(values: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Each value's number (E,) in order of first appearance, and the distinct values in that order."""
    numbers: dict[str, int] = {}
    number = np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), np.int64, len(values))
    return number, np.array(list(numbers), dtype=np.str_)


def k_core(interactions: Interactions, minimum: int) -> Interactions:
    """The events left when users and items with fewer than `minimum` events are dropped until there is none of them.

    Users and items are numbered anew without gaps, in their former order. `minimum` <= 1 changes nothing.
    """
    keep = np.ones(len(interactions), dtype=bool)
    while True:
        per_user = np.bincount(interactions.user[keep], minlength=interactions.users)
        per_item = np.bincount(interactions.item[keep], minlength=interactions.items + 1)
        still = keep & (per_user[interactions.user] >= minimum) & (per_item[interactions.item] >= minimum)
        if still.sum() == keep.sum():
            return interactions if keep.all() else _renumbered(interactions, keep)
        keep = still


def _renumbered(interactions: Interactions, keep: np.ndarray) -> Interactions:
    users, user = np.unique(interactions.user[keep], return_inverse=True)
    items, item = np.unique(interactions.item[keep], return_inverse=True)
    return Interactions(
        user=user.astype(np.int64),
        item=item.astype(np.int64) + 1,
        time=interactions.time[keep],
        rating=None if interactions.rating is None else interactions.rating[keep],
        user_ids=users if interactions.user_ids is None else interactions.user_ids[users],
        item_ids=items if interactions.item_ids is None else interactions.item_ids[items - 1],
    )
