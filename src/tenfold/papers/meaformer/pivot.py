"""Pseudo-links without supervision: the most similar pairs of one modality's features, greedily one to one."""

from __future__ import annotations

import torch

BLOCK = 2048


def pivot_links(
    left: torch.Tensor,
    right: torch.Tensor,
    features_left: torch.Tensor,
    features_right: torch.Tensor,
    count: int,
    considered: int,
) -> torch.Tensor:
    """At most `count` pairs (p, 2) of entities `left` (n,) and `right` (m,), the most similar first.

    Features (n, F) and (m, F) have rows of length 1. Of all similarities only the `considered` highest are looked at;
    a pair with an entity that is used already is passed over.
    """
    best, place = features_left.new_zeros(0), left.new_zeros(0)
    for start in range(0, len(left), BLOCK):
        block = (features_left[start : start + BLOCK] @ features_right.T).flatten()
        values, inside = block.topk(min(considered, len(block)))
        best, place = torch.cat([best, values]), torch.cat([place, inside + start * len(right)])
        # Equal similarities keep the order of the entities, so that the links are the same on every machine.
        place, by_place = torch.sort(place)
        order = torch.argsort(best[by_place], descending=True, stable=True)[:considered]
        best, place = best[by_place][order], place[order]
    rows, columns = (place // len(right)).tolist(), (place % len(right)).tolist()
    used_rows: set[int] = set()
    used_columns: set[int] = set()
    chosen: list[tuple[int, int]] = []
    for row, column in zip(rows, columns, strict=True):  # each choice depends on those before it
        if len(chosen) == count:
            break
        if row not in used_rows and column not in used_columns:
            used_rows.add(row)
            used_columns.add(column)
            chosen.append((row, column))
    places = torch.tensor(chosen, dtype=torch.int64, device=left.device).reshape(-1, 2)
    return torch.stack([left[places[:, 0]], right[places[:, 1]]], dim=1)
