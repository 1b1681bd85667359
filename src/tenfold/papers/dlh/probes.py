"""Linear probes: what a linear readout finds in the states of a level."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

PENALTY = 1e-3
"""Weight of the squared coefficients beside the mean loss: standardised inputs need no more."""


def class_accuracy(
    inputs: np.ndarray, labels: np.ndarray, test_inputs: np.ndarray, test_labels: np.ndarray, classes: int
) -> float:
    """Test accuracy of a multinomial logistic regression of labels (n,) on inputs (n, s)."""
    x, test_x = _standardised(inputs, test_inputs)
    target = np.eye(classes)[labels]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(x.shape[1], classes)
        scores = x @ weights
        log_sum = logsumexp(scores, axis=1, keepdims=True)
        loss = (log_sum[:, 0] - (scores * target).sum(1)).mean() + 0.5 * PENALTY * np.square(weights).sum()
        slope = x.T @ (np.exp(scores - log_sum) - target) / len(x) + PENALTY * weights
        return float(loss), slope.ravel()

    found = minimize(objective, np.zeros(x.shape[1] * classes), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    guessed = (test_x @ found.x.reshape(x.shape[1], classes)).argmax(1)
    return float((guessed == test_labels).mean())


def explained_variance(
    inputs: np.ndarray, targets: np.ndarray, test_inputs: np.ndarray, test_targets: np.ndarray
) -> float:
    """Test R^2, mean over the columns of targets (n, d), of a least-squares regression on inputs (n, s)."""
    x, test_x = _standardised(inputs, test_inputs)
    weights, *_ = np.linalg.lstsq(x, targets, rcond=None)
    error = np.square(test_targets - test_x @ weights).sum(0)
    return float((1 - error / np.square(test_targets - test_targets.mean(0)).sum(0)).mean())


def _standardised(inputs: np.ndarray, test_inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both with the mean and deviation of the first, and a column of ones."""
    mean, deviation = inputs.mean(0), inputs.std(0)
    scale = np.where(deviation > 1e-6, deviation, 1.0)
    return tuple(np.column_stack([(one - mean) / scale, np.ones(len(one))]) for one in (inputs, test_inputs))  # type: ignore[return-value]
