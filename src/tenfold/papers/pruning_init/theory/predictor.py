"""What will win, signal or noise, computed from the initial network alone (section 3.6 of the card).

While the softmax is still near uniform, an inner product a = <w_kr, mu_k> and an inner product b = <w_kr, xi_i> obey

    da/dt = lr (n_k / n) (1 - 1/K) q a^(q-1) mu^2          db/dt = lr (1/n) (1 - 1/K) q b^(q-1) ||M_r * xi_i||^2

which for q > 2 reach infinity at a time t = 1 / ((q - 2) c a_0^(q-2)) where c is the factor before a^(q-1). The signal
of a class is as fast as its best filter, an example's noise as fast as the best filter of its class.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Forecast(NamedTuple):
    """Blow-up times in steps, (P, L) each; infinite where nothing positive was kept."""

    signal: Tensor
    """Of the slowest class."""
    noise: Tensor
    """Median over the examples."""
    covered: Tensor
    """(P, L) share of classes with a filter that keeps their signal with a positive weight."""

    @property
    def ratio(self) -> Tensor:
        """Signal over noise: below 1 the signal is learned first. Infinite when a class is lost, nan for q <= 2."""
        return self.signal / self.noise


def forecast(
    z: Tensor, square_norms: Tensor, labels: Tensor, amplitudes: Tensor, rates: Tensor, power: int
) -> Forecast:
    """Blow-up times at the start.

    `z` (P, K, m, L, N): initial pre-activations, amplitudes included. `square_norms` (P, K, m, N): squared norms of the
    unit patches under each filter's mask. `labels` (P, n). `amplitudes` (L, N): length of a signal, standard deviation
    of the noise. `rates` (P, L): learning rates. For q <= 2 nothing blows up and all times are infinite.
    """
    classes, examples = z.shape[1], labels.shape[1]
    own = torch.arange(classes, device=z.device)
    rate = rates[:, None, :, None] * (power * (1 - 1 / classes) / examples)  # (P, 1, L, 1)
    square_lengths = square_norms[:, :, :, None] * amplitudes**2  # (P, K, m, L, N) of the masked patches

    signal_z = z[:, own, :, :, own].permute(1, 2, 3, 0)  # (P, m, L, K): filters of class k on signal k
    signal_square = square_lengths[:, own, :, :, own].permute(1, 2, 3, 0)
    per_class = torch.nn.functional.one_hot(labels, classes).sum(1)[:, None, None]  # (P, 1, 1, K): n_k
    signal = _blow_up(signal_z, rate * per_class * signal_square, power).amin(1)  # (P, L, K)
    covered = ((signal_z > 0) & (signal_square > 0)).any(1).to(z.dtype).mean(-1)

    chosen = labels[:, None, None, None].expand(-1, 1, *z.shape[2:4], -1)  # filters of the example's class
    noise_z = z[..., classes:].gather(1, chosen)[:, 0]  # (P, m, L, n)
    noise_square = square_lengths[..., classes:].gather(1, chosen)[:, 0]
    noise = _blow_up(noise_z, rate * noise_square, power).amin(1)  # (P, L, n)
    return Forecast(signal.amax(-1), noise.median(-1).values, covered)


def _blow_up(start: Tensor, speed: Tensor, power: int) -> Tensor:
    """Time at which da/dt = speed * a^(q-1) from `start` reaches infinity."""
    if power <= 2:
        return torch.full_like(start, torch.inf)
    pace = (power - 2) * speed * start.clamp_min(0) ** (power - 2)
    return torch.where(pace > 0, 1 / pace, torch.inf)
