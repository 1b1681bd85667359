"""The hand-worked sequences of the paper card, and small random data."""

import numpy as np
from hypothesis import strategies as st

from tenfold.papers.ticoserec.operators import Batch
from tenfold.papers.ticoserec.ragged import Ragged
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.similarity import Neighbours

DAYS_A = [0, 1, 2, 12, 13, 33, 34, 36]
"""Sequence A: items 11..18 on these days; intervals 1, 1, 10, 1, 20, 1, 2."""
DAYS_B = [0, 3, 4, 9, 16]
"""Sequence B: items 1..5 on these days; intervals 3, 1, 5, 7."""


def batch_of(*sequences):
    """Batch of (items, days), with as many days as items or one more."""
    items = [np.array(items) for items, _ in sequences]
    gaps = [np.diff(days) for _, days in sequences]
    return Batch.of(ragged(items), ragged(gaps))


def ragged(lists):
    return Ragged.of_lengths(
        np.concatenate([np.asarray(x, dtype=np.int64) for x in lists]), np.array(list(map(len, lists)))
    )


def sequence_a():
    return batch_of((range(11, 19), DAYS_A))


def sequence_b():
    return batch_of((range(1, 6), DAYS_B))


def neighbours(size=400):
    """The most similar item of i is i + 200."""
    ids = np.arange(size)
    return Neighbours(ids + 200, np.ones(size), ids[1:])


def random_sequences(seed=0, users=40, items=30, longest=25):
    """Sequences of at least 5 events with bulk events and repeats."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, longest + 1, users)
    values = rng.integers(1, items + 1, lengths.sum())
    times = [86_400 * np.cumsum(rng.integers(0, 4, n)) for n in lengths]
    return Sequences(Ragged.of_lengths(values, lengths), ragged(times), items)


@st.composite
def batches(draw, longest=30):
    """Batches of sequences with distinct items and many equal gaps."""
    lengths = draw(st.lists(st.integers(1, longest), min_size=1, max_size=8))
    extra = draw(st.booleans())
    rows = []
    for length in lengths:
        gaps = draw(st.lists(st.integers(0, 5), min_size=length, max_size=length))
        days = np.concatenate([[0], np.cumsum(gaps)]).astype(int)
        rows.append((range(1, length + 1), days if extra else days[:-1]))
    return batch_of(*rows)
