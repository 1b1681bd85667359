"""Synthetic interaction sequences whose users change their interest during long pauses.

Half of the users act at even intervals, the others in bursts with long pauses between. At an interval of t days a user
moves on to another topic with probability 1 - exp(-t / drift_days). So uneven sequences are harder to predict *by
construction*: this data proves plumbing and calibrates tests; it is no evidence for any claim about real users.
Without drift (`drift_days=None`) items are drawn in the same way for both kinds of user, and no claim may come out.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tenfold.errors import ConfigError
from tenfold.files import write_text

FILE_NAME = "interactions.csv"
SECONDS_A_DAY = 86_400
FIRST_DAY = 15_000
"""2011-01-26, as a number of days since 1970."""


def drifting_sequences(
    destination: Path,
    *,
    seed: int,
    users: int,
    items: int,
    topics: int,
    drift_days: float | None,
    gap_days: float = 7.0,
    gap_spread: float = 0.1,
    burst_share: float = 0.5,
    burst_gap_days: float = 1.0,
    pause_days: float = 120.0,
    shortest: int = 5,
    mean_length: float = 9.0,
    zipf_exponent: float = 1.0,
    successor_weight: float = 8.0,
) -> None:
    """Write `interactions.csv`: columns user, item, time (Unix seconds, whole days), pattern (even or bursty).

    The same settings give the same bytes. Each of the `topics` has `items / topics` items: topic k those from
    i(k items/topics + 1) on, the most popular first.

    - `drift_days`: time scale on which interests change; None: never.
    - `gap_days`, `gap_spread`: mean interval of even users, and its standard deviation as a share of it.
    - `burst_share`, `burst_gap_days`, `pause_days`: of bursty users, the share of intervals inside a burst, their
      length, and the mean of the other, exponentially distributed ones.
    - `shortest`, `mean_length`: events a user; lengths are geometric above the shortest, and end at a topic's number
      of items, for no user takes an item twice.
    - `zipf_exponent`: the r-th item of a topic has popularity r^-exponent.
    - `successor_weight`: how many times likelier an item is right after its predecessor in its topic's cycle.

    Raises ConfigError when the numbers do not fit together.
    """
    if users < 1 or topics < 1 or items % topics:
        raise ConfigError(
            f"drifting_sequences: {users} users, {items} items in {topics} topics of equal size: impossible"
        )
    if not 1 <= shortest <= min(items // topics, mean_length):
        raise ConfigError("drifting_sequences: shortest must lie between 1 and mean_length and the items of a topic")
    rng = np.random.default_rng(seed)
    lengths = np.minimum(shortest - 1 + rng.geometric(1 / (mean_length - shortest + 1), users), items // topics)
    bursty = rng.random(users) < 0.5
    steps = int(lengths.max())
    gaps = _even_gaps(rng, (users, steps), gap_days, gap_spread)  # (users, steps), days before each event
    uneven = _bursty_gaps(rng, (users, steps), burst_share, burst_gap_days, pause_days)
    gaps = np.where(bursty[:, None], uneven, gaps)
    gaps[:, 0] = rng.uniform(0, 730, users)  # the first event lies within two years
    chance = np.zeros_like(gaps) if drift_days is None else -np.expm1(-gaps / drift_days)
    item = _walk(rng, chance, items, topics, zipf_exponent, successor_weight)  # (users, steps)
    day = FIRST_DAY + np.rint(np.cumsum(gaps, axis=1)).astype(np.int64)
    taken = np.arange(steps) < lengths[:, None]  # (users, steps)
    user = np.nonzero(taken)[0]
    pattern = np.where(bursty, "bursty", "even")[user]
    rows = zip(user, item[taken] + 1, day[taken] * SECONDS_A_DAY, pattern, strict=True)
    lines = [f"u{u},i{i},{t},{p}\n" for u, i, t, p in rows]
    write_text(destination / FILE_NAME, "".join(["user,item,time,pattern\n", *lines]))


def _even_gaps(rng: np.random.Generator, shape: tuple[int, int], mean: float, spread: float) -> np.ndarray:
    return np.maximum(mean * (1 + spread * rng.standard_normal(shape)), 0)


def _bursty_gaps(
    rng: np.random.Generator, shape: tuple[int, int], share: float, inside: float, pause: float
) -> np.ndarray:
    return np.where(rng.random(shape) < share, inside, rng.exponential(pause, shape))


def _walk(
    rng: np.random.Generator, chance: np.ndarray, items: int, topics: int, exponent: float, successor: float
) -> np.ndarray:
    """Items (users, steps) from 0, one step of all users at a time; `chance` (users, steps) of a change of topic."""
    users, steps = chance.shape
    size = items // topics
    log_popularity = -exponent * np.log(np.arange(1, size + 1))  # (size,)
    # (topics, size): the order in which a topic's items like to follow each other.
    cycle = rng.permuted(np.tile(np.arange(size), (topics, 1)), axis=1)
    following = np.empty_like(cycle)
    np.put_along_axis(following, cycle, np.roll(cycle, -1, axis=1), axis=1)

    everyone = np.arange(users)
    topic = np.asarray(rng.integers(topics, size=users))
    unseen = np.ones((users, topics, size), dtype=bool)
    item = np.empty((users, steps), dtype=np.int64)
    place = np.zeros(users, dtype=np.int64)
    stays = np.zeros(users, dtype=bool)
    for step in range(steps):
        if step:
            stays = rng.random(users) >= chance[:, step]
            other = (topic + rng.integers(1, max(topics, 2), size=users)) % topics
            topic = np.where(stays, topic, other)
        # Gumbel's trick: the largest of log-weight plus noise is a draw with these weights.
        score = log_popularity + rng.gumbel(size=(users, size))
        score[everyone, following[topic, place]] += np.where(stays, math.log(successor), 0.0)
        score[~unseen[everyone, topic]] = -np.inf
        place = score.argmax(axis=1)
        unseen[everyone, topic, place] = False
        item[:, step] = topic * size + place
    return item
