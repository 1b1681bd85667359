"""The experiment's generator: random low-rank targets with chosen singular values, one family for each seed."""

from __future__ import annotations

import zlib

import numpy as np

from tenfold.data.preparation import Preparation, Prepared
from tenfold.papers.dmf_spe.settings import Prepare


def prepare(task: Preparation) -> Prepared:
    """Targets `M = U diag(sigma) V^T (+ noise)` for S seeds and F named targets.

    Arrays: `seeds` (S,), `names` (F,), `singular_values` (F, R_max; padded with zeros), `left` and `right` (S, F, d, d;
    complete orthogonal bases, U and V are their first columns), `target` (S, F, d, d), and for completion
    `mask` (S, F, d, d), True where observed. All float64.
    """
    settings = Prepare.model_validate(task.settings)
    names = list(settings.targets)
    ranks = [len(values) for values in settings.targets.values()]
    sigma = np.zeros((len(names), max(ranks)))
    for row, values in zip(sigma, settings.targets.values(), strict=True):
        row[: len(values)] = values

    shape = (len(task.seeds), len(names), settings.size, settings.size)
    left, right, noise, uniform = (np.empty(shape) for _ in range(4))
    for s, seed in enumerate(task.seeds):
        for f, name in enumerate(names):
            generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
            left[s, f] = _random_orthogonal(generator, settings.size)
            right[s, f] = _random_orthogonal(generator, settings.size)
            noise[s, f] = generator.standard_normal(shape[2:])
            uniform[s, f] = generator.random(shape[2:])

    arrays = {
        "seeds": np.array(task.seeds),
        "names": np.array(names),
        "singular_values": sigma,
        "left": left,
        "right": right,
        "target": signal(left, right, sigma) + settings.noise * noise,
    }
    if settings.observed < 1:
        arrays["mask"] = uniform < settings.observed
    statistics = {
        "size": float(settings.size),
        "targets": float(len(names)),
        "largest_rank": float(max(ranks)),
        "observed_share": float(arrays["mask"].mean()) if "mask" in arrays else 1.0,
    }
    return Prepared(arrays, statistics)


def signal(left: np.ndarray, right: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """`U diag(sigma) V^T` from complete bases (..., d, d) and singular values (..., R), zeros allowed."""
    rank = sigma.shape[-1]
    return (left[..., :rank] * sigma[..., None, :]) @ np.swapaxes(right[..., :rank], -1, -2)


def _random_orthogonal(generator: np.random.Generator, size: int) -> np.ndarray:
    """A Haar-distributed orthogonal matrix: QR of a Gaussian one, with the signs that make QR unique."""
    q, r = np.linalg.qr(generator.standard_normal((size, size)))
    return q * np.sign(np.diag(r))
