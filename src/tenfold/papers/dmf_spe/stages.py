"""Counting saddle-point-escaping stages on one recorded run: escape times, gradient peaks, plateaus."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tenfold.papers.dmf_spe import oracle
from tenfold.papers.dmf_spe.settings import Counting


def escape_steps(steps: np.ndarray, singular_values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """First step T_i at which `sigma_i(P)` exceeds its threshold, (R,); NaN where it never does.

    `steps` (T,), `singular_values` (T, K) sorted downwards, `thresholds` (R,), R <= K. Between two records the singular
    value is taken to grow exponentially, as it does while it is small, and T_i is rounded up to a whole step.
    """
    result = np.full(len(thresholds), np.nan)
    for i, threshold in enumerate(thresholds):
        above = singular_values[:, i] > threshold
        if not above.any():
            continue
        first = int(above.argmax())
        if first == 0:
            result[i] = steps[0]
            continue
        before, after = singular_values[first - 1, i], singular_values[first, i]
        part = np.log(threshold / before) / np.log(after / before) if before > 0 else 1.0
        result[i] = np.ceil(steps[first - 1] + part * (steps[first] - steps[first - 1]))
    return result


def count_separated(times: np.ndarray, separation: float) -> int:
    """Number of escapes whose time is more than `separation` times that of the escape before.

    Modes that were above their threshold from the start (time 0) have not escaped from anything.
    """
    finite = np.sort(times[np.isfinite(times) & (times > 0)])
    if finite.size == 0:
        return 0
    return 1 + int((finite[1:] > separation * finite[:-1]).sum())


def peaks(gradient_norm: np.ndarray, prominence: float) -> np.ndarray:
    """Indices of the records at which log |grad| has a local maximum that stands out by the factor `prominence`."""
    from scipy.signal import find_peaks

    floor = np.finfo(float).tiny
    return find_peaks(np.log10(np.maximum(gradient_norm, floor)), prominence=np.log10(prominence))[0]


def plateaus(gradient_norm: np.ndarray, peaks_at: np.ndarray) -> np.ndarray:
    """Indices of the records with the smallest gradient norm between each two neighbouring peaks."""
    return np.array(
        [first + int(gradient_norm[first:last].argmin()) for first, last in pairwise(peaks_at)],
        dtype=int,
    )


@dataclass(frozen=True)
class Stages:
    """What both counters find in one run."""

    times: np.ndarray
    """Escape steps T_1 .. T_R, NaN where a mode never escaped."""
    escapes: int
    """Escape-time counter: separated escapes."""
    peaks: np.ndarray
    """Record indices of the gradient-norm peaks; their number is the peak counter."""
    plateaus: np.ndarray
    """Record indices of the plateaus between the peaks."""
    plateau_ranks: np.ndarray
    """Numerical rank of the product at each plateau: singular values above `escape_share * sigma_R`."""
    plateau_losses: np.ndarray
    """Loss at each plateau."""
    plateau_escapes: np.ndarray
    """Number of modes that have escaped so far at each plateau: i with T_i at or before it."""
    plateau_errors: np.ndarray
    """Relative difference of the losses to `1/2 sum_(i>r) sigma_i^2`, r the escapes so far; infinite at r = R."""


def find_stages(
    steps: np.ndarray,
    singular_values: np.ndarray,
    gradient_norm: np.ndarray,
    loss: np.ndarray,
    sigma: np.ndarray,
    counting: Counting,
) -> Stages:
    """Both counters on the records of one run (no NaN): `steps` (T,), `singular_values` (T, K), the others (T,)."""
    times = escape_steps(steps, singular_values, counting.escape_share * sigma)
    counted = len(steps)
    if counting.window is not None and np.isfinite(times).any():
        counted = int(np.searchsorted(steps, counting.window * np.nanmax(times), side="right"))
    peaks_at = peaks(gradient_norm[:counted], counting.prominence)
    plateaus_at = plateaus(gradient_norm, peaks_at)
    escaped = (times[None, :] <= steps[plateaus_at][:, None]).sum(1)
    expected = oracle.plateau_losses(sigma.tolist())[escaped]
    errors = np.full(len(plateaus_at), np.inf)
    np.divide(np.abs(loss[plateaus_at] - expected), expected, out=errors, where=expected > 0)
    return Stages(
        times=times,
        escapes=count_separated(times, counting.separation),
        peaks=peaks_at,
        plateaus=plateaus_at,
        plateau_ranks=(singular_values[plateaus_at] > counting.escape_share * sigma[-1]).sum(1),
        plateau_losses=loss[plateaus_at],
        plateau_escapes=escaped,
        plateau_errors=errors,
    )


def gap_ratio(times: np.ndarray) -> float:
    """`(T_3 - T_2) / (T_2 - T_1)`: 1 when stages are equally long. NaN without three escapes in this order."""
    if len(times) < 3 or not times[1] > times[0]:
        return float("nan")
    return float((times[2] - times[1]) / (times[1] - times[0]))
