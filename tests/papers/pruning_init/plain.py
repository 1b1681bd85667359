"""Gradient descent of one cell, written down as in the paper: the oracle of the batched engine, and its yardstick."""

from __future__ import annotations

import numpy as np


def act(z, power):
    return np.maximum(z, 0) ** power


def slope(z, power):
    return power * np.maximum(z, 0) ** (power - 1) * (z > 0)


def loss_and_gradient(weights, first, second, labels, power):
    """Mean cross-entropy and its gradient (K, m, d); patches `first`, `second` (n, d)."""
    z1, z2 = weights @ first.T, weights @ second.T  # (K, m, n)
    scores = (act(z1, power) + act(z2, power)).sum(1)  # (K, n)
    shifted = scores - scores.max(0)
    log_probability = shifted - np.log(np.exp(shifted).sum(0))
    everyone = np.arange(len(labels))
    residual = np.exp(log_probability)
    residual[labels, everyone] -= 1
    residual /= len(labels)
    gradient = (residual[:, None] * slope(z1, power)) @ first + (residual[:, None] * slope(z2, power)) @ second
    return -log_probability[labels, everyone].mean(), gradient, scores


def train_cell(initial, mask, first, second, labels, *, power, rate, max_steps, stop_loss=None):
    """Masked full-batch gradient descent: weights, steps and last training loss."""
    weights, steps = initial * mask, 0
    loss, gradient, _ = loss_and_gradient(weights, first, second, labels, power)
    while steps < max_steps and not (stop_loss is not None and loss < stop_loss):
        weights = weights - rate * mask * gradient
        steps += 1
        loss, gradient, _ = loss_and_gradient(weights, first, second, labels, power)
    return weights, steps, loss


def error_of(weights, signals, noise, power):
    """Share of wrong classes over every noise patch (T, d) beside the signal of every class."""
    wrong = []
    for true, signal in enumerate(signals):
        scores = act(weights @ signal, power).sum(1)[:, None] + act(weights @ noise.T, power).sum(1)
        wrong.append(scores.argmax(0) != true)
    return float(np.mean(wrong))
