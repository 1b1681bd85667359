"""Snorkel's MeTaL label model for two classes: completes the matrix of joint votes (card 3.5)."""

from __future__ import annotations

import math

import numpy as np

from tenfold.papers.leiad.labelling.votes import Votes
from tenfold.papers.leiad.settings import LabelModelSettings


def joint_shares(votes: Votes) -> np.ndarray:
    """O (2m, 2m) = A' A / N, where A has a one-hot column for each function and class, and an abstention no one."""
    return votes.together / votes.points


def losses(shares: np.ndarray, parameters: np.ndarray, balance: np.ndarray) -> tuple[float, float]:
    """Both terms: squared residuals off the 2 x 2 diagonal blocks, and of the marginals.

    `shares` O (2m, 2m); `parameters` mu (2m, 2), mu[(i, k), y] = P(LF_i = k | y); `balance` p (2,).
    """
    residual, marginal = _residuals(shares, parameters, balance)
    return float((residual**2).sum()), float((marginal**2).sum())


def gradient(shares: np.ndarray, parameters: np.ndarray, balance: np.ndarray) -> np.ndarray:
    """Derivative (2m, 2) of the sum of both losses with respect to mu."""
    residual, marginal = _residuals(shares, parameters, balance)
    return -4 * residual @ (parameters * balance) + 2 * marginal[:, None] * balance


def _residuals(shares: np.ndarray, parameters: np.ndarray, balance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    residual = shares - (parameters * balance) @ parameters.T
    blocks = residual.reshape(len(residual) // 2, 2, -1, 2)
    own = np.arange(len(blocks))
    blocks[own, :, own, :] = 0.0
    return residual, parameters @ balance - np.diag(shares)


def start(shares: np.ndarray, balance: np.ndarray, settings: LabelModelSettings) -> np.ndarray:
    """Parameters before the first step: u min(1, O_ii precision / p_y) where the vote is y, else 0."""
    own = np.diag(shares).reshape(-1, 2)  # (m, 2), by vote
    parameters = np.zeros((len(own), 2, 2))
    for label in (0, 1):
        parameters[:, label, label] = np.minimum(own[:, label] * settings.precision / balance[label], 1.0)
    return settings.start * parameters.reshape(-1, 2)


def fit(votes: Votes, settings: LabelModelSettings) -> np.ndarray:
    """The parameters mu (2m, 2) after Adam, clamped away from 0 and 1."""
    shares = joint_shares(votes)
    balance = np.array([1 - settings.anomaly_share, settings.anomaly_share])
    parameters = start(shares, balance, settings)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    for step in range(1, settings.steps + 1):
        slope = gradient(shares, parameters, balance)
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        moved = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        parameters = parameters - settings.rate * moved
    least = min(0.01, 10.0 ** -math.ceil(math.log10(votes.points)))
    return np.clip(parameters, least, 1 - least)


def weights(parameters: np.ndarray) -> np.ndarray:
    """Log odds (m, 2) that a vote of each function, normal or anomaly, adds."""
    log = np.log(parameters).reshape(-1, 2, 2)  # (m, vote, y)
    return log[:, :, 1] - log[:, :, 0]


def posterior(votes: Votes, weights: np.ndarray, anomaly_share: float) -> np.ndarray:
    """P(y = 1 | votes) (N,): the prior odds times those of every vote that is cast."""
    return probability(math.log(anomaly_share / (1 - anomaly_share)) + votes.sums(weights))


def probability(odds: np.ndarray) -> np.ndarray:
    """The logistic function; 0 and 1 where they are nearest in double precision."""
    with np.errstate(over="ignore", under="ignore"):
        return 1 / (1 + np.exp(-odds))
