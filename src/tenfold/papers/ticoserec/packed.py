"""Batches for the encoder without padding: the real tokens of many sequences, end to end.

Half of all training inputs of the Amazon data have three items or fewer, so a padded batch of width 50 is more than
80 % padding. Everything that works token by token works on the packed tokens; attention gathers them into small tables
of sequences of similar length. Both are exact: no output of a real token changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import PAD

TABLE_WIDTHS = (4, 8, 12, 20, 32, 50)
"""Attention tables hold sequences up to each of these many tokens (longer ones share the last, wider table)."""


@dataclass(frozen=True)
class Packed:
    """`B` sequences as `N` tokens; masked and padded places are left out, the others keep their position."""

    items: torch.Tensor
    """`(N,)`: item ids, never 0."""
    positions: torch.Tensor
    """`(N,)`: 0..L-1, right-aligned: the last item of a sequence stands at L-1."""
    rows: torch.Tensor
    """`(N,)`: the sequence of each token."""
    lengths: np.ndarray
    """`(B,)`: tokens of each sequence."""
    places: torch.Tensor
    """`(P,)`: the token at each place of the attention tables, one table after the other, row by row. After a
    sequence's end its first token stands in: causality hides it from the tokens before."""
    shapes: list[tuple[int, int]]
    """Sequences and width of each attention table."""
    place_of_token: torch.Tensor
    """`(N,)`: where each token stands among the places."""

    @classmethod
    def of(cls, sequences: Ragged, max_length: int, device: torch.device | str = "cpu") -> Packed:
        """Pack sequences of at most `max_length` items; id 0 inside one is a masked item."""
        lengths = sequences.lengths
        column = np.arange(len(sequences.values)) - np.repeat(sequences.offsets[:-1], lengths)
        position = column + np.repeat(max_length - lengths, lengths)
        visible = sequences.values != PAD
        rows = sequences.rows[visible]
        count = np.bincount(rows, minlength=len(sequences))
        places, shapes, place_of_token = _tables(count)
        arrays = sequences.values[visible], position[visible], rows, places, place_of_token
        items, positions, row_of_token, token_of_place, place = (torch.from_numpy(a).to(device) for a in arrays)
        return cls(items, positions, row_of_token, count, token_of_place, shapes, place)

    def last_tokens(self) -> torch.Tensor:
        """`(B,)`: the number of each sequence's last token. Every sequence must have one."""
        return torch.from_numpy(np.cumsum(self.lengths) - 1).to(self.items.device)


def _tables(lengths: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]], np.ndarray]:
    """Tokens of the attention tables' places, the tables' shapes, and the place of each token."""
    starts = np.cumsum(lengths) - lengths
    classes = np.where(lengths > 0, np.searchsorted(TABLE_WIDTHS, lengths), -1)
    places, shapes = [], []
    place_of_token = np.empty(int(lengths.sum()), dtype=np.int64)
    filled = 0
    for number in np.unique(classes[classes >= 0]):
        rows = np.flatnonzero(classes == number)
        columns = np.arange(int(lengths[rows].max()))
        real = columns < lengths[rows, None]
        tokens = starts[rows, None] + np.where(real, columns, 0)
        place_of_token[tokens[real]] = filled + np.flatnonzero(real)
        filled += tokens.size
        places.append(tokens.ravel())
        shapes.append(tokens.shape)
    return np.concatenate(places) if places else np.empty(0, dtype=np.int64), shapes, place_of_token
