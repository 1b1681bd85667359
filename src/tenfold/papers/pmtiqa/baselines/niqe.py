"""NIQE (Mittal et al. 2013): the distance of an image's patches from those of pristine photographs."""

from __future__ import annotations

import numpy as np


def pristine_model(patches: np.ndarray, sharpness: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean (36,) and covariance (36, 36) of the patches (P, 36) with a relative sharpness (P,) above the threshold."""
    kept = patches[sharpness > threshold]
    return kept.mean(0), np.cov(kept.T)


def niqe_distance(
    means: np.ndarray, covariances: np.ndarray, pristine_mean: np.ndarray, pristine_covariance: np.ndarray
) -> np.ndarray:
    """sqrt(d^T ((S_1 + S_2) / 2)^+ d) of means (n, 36) and covariances (n, 36, 36) -> (n,), higher is worse."""
    difference = means - pristine_mean
    inverse = np.linalg.pinv((covariances + pristine_covariance) / 2, hermitian=True)
    return np.sqrt(np.maximum(np.einsum("ni,nij,nj->n", difference, inverse, difference), 0))
