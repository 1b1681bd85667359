"""Synthetic contacts with short videos, in the schema of the ICME 2019 challenge.

Users and items have latent factors; *finish* and *like* depend on correlated but different ones, with intercepts set so
that the rates are those of the real sample (0.38 and 0.035). It exercises readers and training; it is no evidence.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from tenfold.files import write_text

FILE_NAME = "videos.tsv"


def short_videos(
    destination: Path,
    *,
    seed: int,
    rows: int,
    users: int,
    items: int,
    factors: int = 4,
    strength: float = 1.5,
    correlation: float = 0.3,
    finish_rate: float = 0.38,
    like_rate: float = 0.035,
) -> None:
    """Write `videos.tsv`: twelve columns of whole numbers, no header, one contact a line."""
    generator = np.random.default_rng(seed)
    user, item = generator.integers(users, size=rows), generator.integers(items, size=rows)
    author = generator.integers(max(items // 5, 1), size=items)
    labels = []
    shared = [generator.standard_normal((count, factors)) for count in (users, items)]
    for rate in (finish_rate, like_rate):
        own = [generator.standard_normal((count, factors)) for count in (users, items)]
        mixed = [correlation**0.5 * s + (1 - correlation) ** 0.5 * o for s, o in zip(shared, own, strict=True)]
        logits = strength * (mixed[0][user] * mixed[1][item]).sum(1) / factors**0.5
        chances = 1 / (1 + np.exp(-(logits + _intercept(logits, rate))))
        labels.append((generator.random(rows) < chances).astype(np.int64))
    columns = [
        user,
        generator.integers(50, size=users)[user],
        item,
        author[item],
        generator.integers(50, size=items)[item],
        generator.integers(5, size=rows),
        *labels,
        np.where(generator.random(items) < 0.2, -1, generator.integers(30, size=items))[item],
        generator.integers(2000, size=users)[user],
        53_085_000_000 + np.sort(generator.integers(1_000_000, size=rows)),
        generator.integers(5, 60, size=items)[item],
    ]
    buffer = io.StringIO()
    np.savetxt(buffer, np.stack(columns, 1), fmt="%d", delimiter="\t")
    write_text(destination / FILE_NAME, buffer.getvalue())


def _intercept(logits: np.ndarray, rate: float) -> float:
    """The intercept at which the mean chance is `rate`, by bisection."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-(logits + middle)))).mean() < rate else (low, middle)
    return (low + high) / 2
