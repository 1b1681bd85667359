"""Full ranking: the place of the target among all items a user has not had."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.ragged import Ragged

BLOCK = 512
"""Users scored at once: a table of 512 x 28,237 items takes 58 MB."""


def target_ranks(
    score: Callable[[np.ndarray], torch.Tensor], histories: Ragged, targets: np.ndarray, item_count: int
) -> np.ndarray:
    """`(U,)` int32: how many items stand before the target, over all items outside the user's history.

    `score(users)` gives `(b, I)` scores of items 1..I. Items with the target's own score count as standing before it,
    so a constant score is no hit. A target that the user has had before cannot be recommended and gets the rank
    `item_count`.
    """
    order = np.argsort(histories.lengths, kind="stable")  # blocks of similar length waste nothing in the encoder
    ranks = np.empty(len(targets), dtype=np.int32)
    for start in range(0, len(order), BLOCK):
        users = order[start : start + BLOCK]
        ranks[users] = _ranks(score(users), histories.take(users), targets[users])
    had_before = np.zeros(len(targets), dtype=bool)
    had_before[histories.rows[histories.values == targets[histories.rows]]] = True
    ranks[had_before] = item_count
    return ranks


def _ranks(scores: torch.Tensor, histories: Ragged, targets: np.ndarray) -> np.ndarray:
    """How many items outside the history score at least as much as the target. Changes `scores`."""
    device = scores.device
    rows = torch.arange(len(targets), device=device)
    target_score = scores[rows, torch.from_numpy(targets - 1).to(device)].unsqueeze(1)
    scores[torch.from_numpy(histories.rows).to(device), torch.from_numpy(histories.values - 1).to(device)] = -torch.inf
    behind = (scores < target_score).sum(dim=1)  # the history among them; a score that is not a number is never behind
    return (scores.shape[1] - 1 - behind).cpu().numpy().astype(np.int32)


@torch.no_grad()
def encoder_ranks(model: SASRec, histories: Ragged, targets: np.ndarray, max_length: int) -> np.ndarray:
    """`(U,)` int32: ranks under an encoder that reads the last `max_length` items of each history."""
    model.eval()
    device = model.items.weight.device
    seen = histories.last(max_length)

    def score(users: np.ndarray) -> torch.Tensor:
        batch = Packed.of(seen.take(users), max_length, device)
        return model.scores(model(batch)[batch.last_tokens()])

    return target_ranks(score, histories, targets, model.item_count)
