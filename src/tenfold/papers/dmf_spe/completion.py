"""Classical matrix completion: zero-fill, truncated SVD, nuclear-norm soft-impute. NumPy only."""

from __future__ import annotations

import numpy as np

from tenfold.papers.dmf_spe.settings import Baseline


def complete(
    settings: Baseline, observed: np.ndarray, mask: np.ndarray, rank: int, generator: np.random.Generator
) -> np.ndarray:
    """Estimate (m, n) of a matrix of which `observed` holds the entries where `mask` is True (elsewhere anything)."""
    filled = np.where(mask, observed, 0.0)
    if settings.name == "zero-fill":
        return filled
    if settings.name == "truncated-svd":
        return truncated_svd(filled, rank)
    return soft_impute(filled, mask, settings, generator)


def truncated_svd(matrix: np.ndarray, rank: int) -> np.ndarray:
    """Best approximation of rank `rank` in the Frobenius norm (Eckart and Young 1936)."""
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ vh[:rank]


def soft_impute(filled: np.ndarray, mask: np.ndarray, settings: Baseline, generator: np.random.Generator) -> np.ndarray:
    """Nuclear-norm completion (Mazumder, Hastie and Tibshirani 2010) along a path of shrinkage values with warm starts.

    The shrinkage is chosen on held-out observed entries, then the path is run again with all of them up to that value.
    """
    held_out = mask & (generator.random(mask.shape) < settings.held_out)
    shrinkages = np.linalg.norm(filled, 2) * np.geomspace(1, settings.smallest, settings.path)
    errors = [
        np.square(estimate - filled)[held_out].sum()
        for estimate in _path(filled, mask & ~held_out, shrinkages, settings)
    ]
    best = int(np.argmin(errors))
    return _path(filled, mask, shrinkages[: best + 1], settings)[-1]


def _path(filled: np.ndarray, mask: np.ndarray, shrinkages: np.ndarray, settings: Baseline) -> list[np.ndarray]:
    """Solutions for falling shrinkage values, each started from the one before."""
    estimate = np.zeros_like(filled)
    solutions = []
    for shrinkage in shrinkages:
        for _ in range(settings.iterations):
            previous = estimate
            estimate = _shrink(np.where(mask, filled, previous), shrinkage)
            change = np.linalg.norm(estimate - previous)
            if change <= settings.tolerance * max(float(np.linalg.norm(previous)), 1e-12):
                break
        solutions.append(estimate)
    return solutions


def _shrink(matrix: np.ndarray, amount: float) -> np.ndarray:
    """Singular values lowered by `amount`, not below zero: the proximal map of the nuclear norm."""
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    return (u * np.maximum(s - amount, 0)) @ vh
