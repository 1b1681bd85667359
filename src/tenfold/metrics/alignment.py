"""Ranking in entity alignment: CSLS, and the ranks of true partners, without holding more than blocks of scores.

`left` (n, d) and `right` (n, d) are embeddings with rows of length 1; row i of the one is the partner of row i of the
other. CSLS (Conneau et al., Word Translation Without Parallel Data, ICLR 2018) lowers the scores of entities that are
near to everything: csls_ij = 2 s_ij - r_i - c_j, r_i and c_j the means of the k highest scores of row i and column j.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

LARGEST_KEPT = 150_000_000
"""So many scores are kept between the two passes (600 MB in single precision); of more, blocks are computed twice."""
BLOCK = 2048
"""Rows of a block."""


@dataclass(frozen=True)
class Ranks:
    """Ranks (n,) of the partners, 0 is the top: of right entities for each left one, and the other way round."""

    left_to_right: torch.Tensor
    right_to_left: torch.Tensor


class Scores:
    """All inner products of `left` (n, d) and `right` (m, d), block of rows by block of rows."""

    def __init__(self, left: torch.Tensor, right: torch.Tensor, block: int = BLOCK) -> None:
        self.left, self.right, self.block = left, right, block
        self._kept: dict[int, torch.Tensor] = {}
        self._keeps = len(left) * len(right) <= LARGEST_KEPT

    def blocks(self) -> Iterator[tuple[slice, torch.Tensor]]:
        """Rows, and their scores (b, m); not to be changed in place."""
        for start in range(0, len(self.left), self.block):
            rows = slice(start, min(start + self.block, len(self.left)))
            scores = self._kept.get(start)
            if scores is None:
                scores = self.left[rows] @ self.right.T
                if self._keeps:
                    self._kept[start] = scores
            yield rows, scores

    def neighbourhoods(self, k: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Means of the k highest scores: of each row (n,), and of each column (m,); of all where there are fewer."""
        row_means, best = [], None
        for _, scores in self.blocks():
            row_means.append(scores.topk(min(k, scores.shape[1]), dim=1).values.mean(dim=1))
            top = scores.topk(min(k, len(scores)), dim=0).values
            if best is not None:
                top = torch.cat([best, top])
                top = top.topk(min(k, len(top)), dim=0).values
            best = top
        assert best is not None
        return torch.cat(row_means), best.mean(dim=0)


def csls(scores: torch.Tensor, k: int) -> torch.Tensor:
    """CSLS of a whole matrix of scores (n, m)."""
    of_rows = scores.topk(min(k, scores.shape[1]), dim=1).values.mean(dim=1)
    of_columns = scores.topk(min(k, scores.shape[0]), dim=0).values.mean(dim=0)
    return 2 * scores - of_rows[:, None] - of_columns[None, :]


def partner_ranks(
    left: torch.Tensor, right: torch.Tensor, *, csls_neighbours: int | None, tolerance: float = 1e-6, block: int = BLOCK
) -> Ranks:
    """Ranks of the partners among all rows of the other side, by CSLS or (None) by the scores themselves.

    Ties count against the partner, also those that only rounding (`tolerance`) breaks: embeddings that coincide give
    the last of their ranks. Raises ValueError when the two sides differ in number.
    """
    if len(left) != len(right):
        raise ValueError(f"{len(left)} left and {len(right)} right entities: partners must be in the same rows")
    scores = Scores(left, right, block)
    factor, of_rows, of_columns = 1.0, torch.zeros_like(left[:, 0]), torch.zeros_like(right[:, 0])
    if csls_neighbours is not None:
        factor = 2.0
        of_rows, of_columns = scores.neighbourhoods(csls_neighbours)
    own = factor * (left * right).sum(dim=1) - of_rows - of_columns
    left_to_right, right_to_left = [], torch.zeros(len(right), dtype=torch.int64, device=left.device)
    for rows, values in scores.blocks():
        values = factor * values - of_rows[rows, None] - of_columns[None, :]
        above = values >= own[rows, None] - tolerance
        above[:, rows].fill_diagonal_(False)
        left_to_right.append(above.sum(dim=1))
        beside = values >= own[None, :] - tolerance
        beside[:, rows].fill_diagonal_(False)
        right_to_left += beside.sum(dim=0)
    return Ranks(torch.cat(left_to_right), right_to_left)


def mutual_nearest(left: torch.Tensor, right: torch.Tensor, block: int = BLOCK) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows (p,) of left and of right that are each other's nearest, by inner product; ties go to the first.

    For rows of length 1 that is the nearest in squared Euclidean distance, too.
    """
    nearest_right = torch.empty(len(left), dtype=torch.int64, device=left.device)
    best = torch.full((len(right),), -torch.inf, dtype=left.dtype, device=left.device)
    nearest_left = torch.zeros(len(right), dtype=torch.int64, device=left.device)
    for start in range(0, len(left), block):
        scores = left[start : start + block] @ right.T
        nearest_right[start : start + block] = scores.argmax(dim=1)
        highest, place = scores.max(dim=0)
        better = highest > best
        best[better] = highest[better]
        nearest_left[better] = place[better] + start
    rows = torch.arange(len(left), device=left.device)
    mutual = nearest_left[nearest_right] == rows
    return rows[mutual], nearest_right[mutual]
