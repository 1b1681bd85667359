"""Uniform negative items outside each user's training items."""

from __future__ import annotations

import numpy as np

from tenfold.papers.ticoserec.ragged import Ragged


class NegativeSampler:
    """Draws items uniformly from 1..I that are not among a user's own.

    The official code excludes the user's *whole* sequence, validation and test item included, so that a user's targets
    are never negatives for them; hand it that sequence to do the same (card, P15).
    """

    def __init__(self, own_items: Ragged, item_count: int) -> None:
        self.item_count = item_count
        self._own = np.unique(own_items.rows * (item_count + 1) + own_items.values)
        if np.bincount(self._own // (item_count + 1)).max(initial=0) >= item_count:
            raise ValueError("a user holds every item: there is no negative to draw")

    def draw(self, users: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """One negative for each of `users (N,)`, a user's number as often as negatives are wanted."""
        items = generator.integers(1, self.item_count + 1, len(users))
        refused = np.flatnonzero(self._holds(users, items))
        while len(refused):
            items[refused] = generator.integers(1, self.item_count + 1, len(refused))
            refused = refused[self._holds(users[refused], items[refused])]
        return items

    def _holds(self, users: np.ndarray, items: np.ndarray) -> np.ndarray:
        keys = users * (self.item_count + 1) + items
        place = np.minimum(np.searchsorted(self._own, keys), len(self._own) - 1)
        return self._own[place] == keys
