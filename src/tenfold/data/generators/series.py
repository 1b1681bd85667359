"""Generated series with known anomalies, in families that repeat across series.

Series of one family share periods, shape and the kinds of anomaly that befall them, so that what a person says of one
carries over to the others *by construction*: this data proves plumbing, and is no evidence for any claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.errors import ConfigError
from tenfold.files import write_text

FILE_NAME = "series.csv"
STEP = 300
"""Seconds between two points."""
FIRST = 1_388_534_400
"""2014-01-01."""
KINDS = ("spike", "dip", "shift", "frequency")


@dataclass(frozen=True)
class Family:
    """What its series have in common."""

    periods: tuple[float, ...]  # points
    amplitudes: tuple[float, ...]
    kinds: tuple[str, ...]  # two of KINDS


def families(
    folder: Path,
    *,
    seed: int,
    train: int,
    test: int,
    family_count: int = 4,
    shortest: int = 600,
    longest: int = 1700,
    anomalous_share: float = 0.01,
    noise: float = 0.3,
    persistence: float = 0.6,
) -> None:
    """Write `series.csv`: series, family, split, timestamp, value, label. The same settings give the same bytes.

    A series is one or two sinusoids of period 24 to 288 (amplitudes around 1), AR(1) noise of standard deviation
    `noise` and correlation `persistence`, and a slow trend. Anomalies are put in as long as less than
    `anomalous_share` of the points are, counted over the series so far of the same family and split: a spike (one
    point, 6 to 10 standard deviations of the noise up), a dip (1 to 5 points, as far down), a level shift (20 to 60
    points), a stretch of 20 to 60 points at three times the frequency. Families take turns, so that train and test
    hold all of them. Raises ConfigError when the numbers do not fit together.
    """
    if not (train >= 1 and test >= 1 and family_count >= 1 and 200 <= shortest <= longest):
        raise ConfigError("families: needs train, test and family_count of at least 1, and 200 <= shortest <= longest")
    rng = np.random.default_rng(seed)
    kinds = [_family(rng, number) for number in range(family_count)]
    lines = ["series,family,split,timestamp,value,label\n"]
    owed: dict[tuple[int, str], float] = {}  # anomalous points that a family's series still lack
    for number in range(train + test):
        family, split = number % family_count, "train" if number < train else "test"
        length = int(rng.integers(shortest, longest + 1))
        wanted = owed.get((family, split), 0.0) + anomalous_share * length
        values, labels = _series(rng, kinds[family], length, wanted, noise, persistence)
        owed[family, split] = wanted - labels.sum()
        head = f"family-{family + 1}/{number + 1},family-{family + 1},{split}"
        lines += [
            f"{head},{FIRST + STEP * place},{value:.5f},{label}\n"
            for place, (value, label) in enumerate(zip(values, labels, strict=True))
        ]
    write_text(folder / FILE_NAME, "".join(lines))


def _family(rng: np.random.Generator, number: int) -> Family:
    count = int(rng.integers(1, 3))
    return Family(
        tuple(float(period) for period in rng.uniform(24, 288, count)),
        tuple(float(amplitude) for amplitude in rng.uniform(0.5, 1.5, count)),
        (KINDS[number % len(KINDS)], KINDS[(number + 1 + number // len(KINDS)) % len(KINDS)]),
    )


def _series(
    rng: np.random.Generator, family: Family, length: int, wanted: float, noise: float, persistence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Values (n,) and labels (n,) of one series."""
    time = np.arange(length)
    places, labels = _places(rng, family, length, wanted)
    speed = np.ones(length)
    for kind, start, stop in places:
        if kind == "frequency":
            speed[start:stop] = 3.0
    clock = np.cumsum(speed)  # runs three times as fast inside a change of frequency
    values = sum(
        amplitude * np.sin(2 * np.pi * (clock / period + rng.random()))
        for period, amplitude in zip(family.periods, family.amplitudes, strict=True)
    ) + rng.uniform(-1, 1) * (time / length)
    values = values + _autoregressive(rng, length, noise, persistence)
    for kind, start, stop in places:
        size = noise * rng.uniform(6, 10)
        if kind == "spike":
            values[start:stop] += size
        elif kind == "dip":
            values[start:stop] -= size
        elif kind == "shift":
            values[start:stop] += size * rng.choice([-0.5, 0.5])
    return 10 + values, labels


def _places(
    rng: np.random.Generator, family: Family, length: int, wanted: float
) -> tuple[list[tuple[str, int, int]], np.ndarray]:
    """Kind, first and one past the last point of each anomaly, none touching another, and the labels (n,)."""
    labels = np.zeros(length, dtype=np.int64)
    places = []
    for _ in range(100 * length):  # gives up where the series is full
        if labels.sum() >= wanted:
            break
        kind = family.kinds[int(rng.integers(len(family.kinds)))]
        wide = {"spike": 1, "dip": int(rng.integers(1, 6))}.get(kind, int(rng.integers(20, 61)))
        start = int(rng.integers(10, length - wide - 10))
        if not labels[start - 2 : start + wide + 2].any():
            labels[start : start + wide] = 1
            places.append((kind, start, start + wide))
    return places, labels


def _autoregressive(rng: np.random.Generator, length: int, deviation: float, persistence: float) -> np.ndarray:
    """AR(1) noise (n,) of this standard deviation, from its stationary distribution."""
    from scipy.signal import lfilter

    steps = rng.standard_normal(length) * deviation * np.sqrt(1 - persistence**2)
    steps[0] = rng.standard_normal() * deviation
    return np.asarray(lfilter([1.0], [1.0, -persistence], steps))
