"""Training a grid of keep rates, noise levels and seeds as one batched computation.

A *pair* is a seed with a keep rate, a *cell* a pair with a noise level. Pairs that fit into memory together form a
batch; a step moves all its cells at once. A cell whose loss has fallen below the stop loss stands still, and leaves the
batch at the next recorded moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.pruning_init.settings import TheoryTraining
from tenfold.papers.pruning_init.theory import fresh
from tenfold.papers.pruning_init.theory.dynamics import Dynamics, Space, Span, Weights, bytes_of_pair, cheaper_space
from tenfold.papers.pruning_init.theory.masks import TheoryMask, mask_of
from tenfold.papers.pruning_init.theory.network import fit, training_error
from tenfold.papers.pruning_init.theory.predictor import Forecast, forecast

PASSES = 16
"""Reading and writing pre-activations in a step takes about as long as this many reads of the Gram matrix for each."""


@dataclass(frozen=True)
class Examples:
    """Data of all seeds in float64: `signals` (K, d), `labels` (S, n), `noise` (S, n, d), `test_noise` (S, T, d)."""

    signals: Tensor
    labels: Tensor
    noise: Tensor
    test_noise: Tensor

    @classmethod
    def of(cls, data: dict[str, np.ndarray], seeds: tuple[int, ...], device: torch.device) -> Self:
        """The rows of the prepared arrays that belong to `seeds`."""
        rows = [int(np.flatnonzero(data["seeds"] == seed)[0]) for seed in seeds]

        def on_device(array: np.ndarray) -> Tensor:
            return torch.as_tensor(array, device=device)

        return cls(
            signals=on_device(data["signals"]).double(),
            labels=on_device(data["labels"][rows]),
            noise=on_device(data["noise"][rows]).double(),
            test_noise=on_device(data["test_noise"][rows]).double(),
        )


def recorded_steps(last: int, per_decade: int) -> list[int]:
    """0, 1, ... `last`, spaced evenly on a logarithmic scale from where whole steps allow it."""
    count = int(np.ceil(np.log10(max(last, 2)) * per_decade)) + 1
    return [0, *np.unique(np.round(np.geomspace(1, last, count)).astype(int)).tolist()]


def batches(pairs: int, settings: TheoryTraining, dimension: int, classes: int, examples: int) -> list[range]:
    """Consecutive pairs that are trained together, within the memory that the settings allow."""
    levels, patches = len(settings.noise_levels), classes + examples
    space = chosen_space(settings, dimension, patches)
    size = bytes_of_pair(space, classes * settings.filters, dimension, patches, levels)
    together = max(1, int(settings.batch_megabytes * 1e6 / size))
    return [range(start, min(start + together, pairs)) for start in range(0, pairs, together)]


def chosen_space(settings: TheoryTraining, dimension: int, patches: int) -> Space:
    """`span` or `weights`."""
    if settings.space == "auto":
        return cheaper_space(dimension, patches, len(settings.noise_levels))
    return settings.space


class Moving(NamedTuple):
    """What a step has to compute: P' members with L' levels each, and where they lie in the batch."""

    pairs: Tensor
    """(P', 1) numbers of the pairs."""
    levels: Tensor
    """(P', L') numbers of the levels."""
    dynamics: Dynamics

    def same_as(self, other: Moving) -> bool:
        return torch.equal(self.pairs, other.pairs) and torch.equal(self.levels, other.levels)


class Batch:
    """Pairs that are trained together. Its tensors in `state` change from step to step and hold all that does."""

    def __init__(
        self,
        settings: TheoryTraining,
        rule: TheoryMask,
        examples: Examples,
        pairs: list[tuple[int, float]],
        initial: Tensor,
        uniform: Tensor,
    ) -> None:
        """`pairs`: row of the seed in `examples`, and keep rate. `initial`, `uniform` (S, K, m, d): see `mask_of`."""
        self.settings, self.examples, self.pairs = settings, examples, pairs
        classes, dimension = examples.signals.shape
        rows = torch.tensor([row for row, _ in pairs], device=initial.device)
        carries_signal = (examples.signals != 0).any(0)
        masks = torch.stack([mask_of(rule, keep, initial[s], uniform[s], carries_signal) for s, keep in pairs])
        patches = torch.cat([examples.signals.expand(len(examples.noise), -1, -1), examples.noise], dim=1)[rows]
        space = chosen_space(settings, dimension, patches.shape[1])
        self.labels = examples.labels[rows]
        self.one_hot = torch.nn.functional.one_hot(self.labels, classes).to(initial.dtype)
        self.levels = initial.new_tensor(settings.noise_levels)
        lengths = self.levels.new_full((len(self.levels), classes), settings.signal)
        sds = self.levels[:, None].expand(-1, patches.shape[1] - classes)
        self.amplitudes = torch.cat([lengths, sds], dim=1).expand(len(pairs), -1, -1)  # (P, L, N)
        self.rates = self._rates(dimension)  # (P, L)
        self.dynamics: Dynamics = (Span if space == "span" else Weights)(initial[rows] * masks, masks, patches)
        self.square_norms = masks.to(initial.dtype).flatten(1, 2) @ (patches**2).transpose(1, 2)
        self.square_norms = self.square_norms.view(*masks.shape[:3], -1)  # (P, K, m, N)
        self.steps_at = recorded_steps(settings.max_steps, settings.records_per_decade)
        self.state = self._first_state()
        self._moving: Moving | None = None

    def _rates(self, dimension: int) -> Tensor:
        keeps = self.levels.new_tensor([keep for _, keep in self.pairs])[:, None]
        rates = torch.full_like(keeps * self.levels, self.settings.learning_rate)
        if self.settings.step_rule == "by noise":
            rates = rates / (1 + self.levels**2 * dimension * keeps)
        return rates

    def _first_state(self) -> dict[str, Tensor]:
        shape, moments = (len(self.pairs), len(self.levels)), len(self.steps_at)
        device = self.levels.device
        state = {
            "position": self.dynamics.start(len(self.levels)),
            "moving": torch.ones(shape, dtype=torch.bool, device=device),
            "steps": torch.zeros(shape, dtype=torch.int64, device=device),
            "moments": torch.ones((), dtype=torch.int64),  # moments recorded so far
        }
        for name in self.recorded:
            state[name] = torch.zeros(moments, *shape, dtype=torch.float64, device=device)
        return state

    @property
    def recorded(self) -> list[str]:
        """Names of the curves (moments, P, L) in the state."""
        names = ["train-loss", "signal-coefficient", "noise-coefficient"]
        return [*names, "test-error"] if self.settings.traced_noises else names

    # ------------------------------------------------------------------------------------------ training

    def advance(self, moment: int) -> None:
        """Descend to the step of recorded moment number `moment`, and record."""
        if moment == 1:
            self._record(0, torch.arange(len(self.pairs), device=self.levels.device))
        self._moving = self._still_moving()
        self._descend(self._moving, self.steps_at[moment] - self.steps_at[moment - 1])
        self.state["moments"] += 1
        for name in self.recorded:
            self.state[name][moment] = self.state[name][moment - 1]
        self._record(moment, self._moving.pairs.unique())

    @property
    def finished(self) -> bool:
        """Whether every cell stands still."""
        return not bool(self.state["moving"].any())

    def _descend(self, members: Moving, count: int) -> None:
        """`count` steps of gradient descent; a cell stands still from the first loss below the stop loss.

        So does a cell that has diverged: large steps at high noise can throw the weights beyond all numbers.
        """
        place = (members.pairs, members.levels)
        position = self.state["position"][members.pairs, :, :, members.levels].permute(0, 2, 3, 1, 4).contiguous()
        moving, steps = self.state["moving"][place], self.state["steps"][place]
        one_hot, amplitudes, rates = self.one_hot[members.pairs[:, 0]], self.amplitudes[place], self.rates[place]
        amplitudes = amplitudes.unsqueeze(1)  # (P', 1, L', N)
        for _ in range(count):
            z = members.dynamics.preactivations(position).mul_(amplitudes.unsqueeze(2))
            now = fit(z, one_hot, self.settings.power)
            moving &= now.loss.isfinite()
            if self.settings.stop_loss is not None:
                moving &= now.loss >= self.settings.stop_loss
            if not moving.any():
                break
            pace = (rates * moving)[:, None, :, None] * amplitudes  # (P', 1, L', N)
            members.dynamics.descend(position, now.slope, (now.residual * pace).unsqueeze(2))
            steps += moving
        self.state["position"][members.pairs, :, :, members.levels] = position.permute(0, 3, 1, 2, 4)
        self.state["moving"][place], self.state["steps"][place] = moving, steps

    def _still_moving(self) -> Moving:
        """What has to be computed: pairs with all their levels, or single cells where those are less work."""
        moving = self.state["moving"]
        pairs, cells = moving.any(1).nonzero(), moving.nonzero()
        levels, patches = moving.shape[1], self.amplitudes.shape[-1]
        if len(cells) * (patches + PASSES) < len(pairs) * (patches + PASSES * levels):
            members = Moving(cells[:, :1], cells[:, 1:], self.dynamics)
        else:
            members = Moving(pairs, torch.arange(levels, device=moving.device).expand(len(pairs), -1), self.dynamics)
            if len(pairs) == len(self.pairs):
                return members
        if self._moving is not None and members.same_as(self._moving):
            return self._moving
        return members._replace(dynamics=self.dynamics.restricted(members.pairs[:, 0]))

    def _record(self, moment: int, pairs: Tensor) -> None:
        """Put down the curves of some pairs (P',)."""
        dynamics = self.dynamics if len(pairs) == len(self.pairs) else self.dynamics.restricted(pairs)
        position = self.state["position"][pairs]
        z = dynamics.preactivations(position) * self.amplitudes[pairs][:, None, None]
        self.state["train-loss"][moment, pairs] = fit(z, self.one_hot[pairs], self.settings.power).loss
        signal, noise = coefficients(z, self.labels[pairs])
        self.state["signal-coefficient"][moment, pairs] = signal
        self.state["noise-coefficient"][moment, pairs] = noise
        if self.settings.traced_noises:
            weights = dynamics.weights(position)
            for index, pair in enumerate(pairs.tolist()):  # one pair's pre-activations on all test noise fill the cache
                predicted, _ = self._on_fresh_examples(pair, weights[index], self.settings.traced_noises)
                self.state["test-error"][moment, pair] = fresh.error_rate(predicted)

    def _on_fresh_examples(self, pair: int, weights: Tensor, count: int | None) -> tuple[Tensor, Tensor]:
        row, _ = self.pairs[pair]
        score = fresh.fresh_scores(
            weights, self.examples.signals, self.examples.test_noise[row, :count], self.levels,
            self.settings.signal, self.settings.power,
        )  # fmt: skip
        return fresh.predictions(score)

    # ------------------------------------------------------------------------------------------- results

    def forecast(self) -> Forecast:
        """What the initial network lets expect, before any training."""
        z = self.dynamics.preactivations(self.dynamics.start(len(self.levels))) * self.amplitudes[:, None, None]
        return forecast(z, self.square_norms, self.labels, self.amplitudes[0], self.rates, self.settings.power)

    def outcome(self) -> dict[str, Tensor]:
        """Results of every cell, (P, L, ...), at the end of training."""
        position, expected = self.state["position"], self.forecast()
        z = self.dynamics.preactivations(position) * self.amplitudes[:, None, None]
        weights = self.dynamics.weights(position)
        measured = [self._on_fresh_examples(pair, weights[pair], None) for pair in range(len(self.pairs))]
        last = int(self.state["moments"]) - 1
        results = {name: self.state[name][last] for name in self.recorded if name != "test-error"}
        return results | {
            "train-error": training_error(z, self.one_hot, self.settings.power),
            "predicted": torch.stack([predicted for predicted, _ in measured]),  # (P, L, T, K)
            "test-nll": torch.stack([nll for _, nll in measured]),
            "steps": self.state["steps"],
            "diverged": ~results["train-loss"].isfinite(),
            "cut-off": self.state["moving"] & (results["train-loss"] >= (self.settings.stop_loss or torch.inf)),
            "expected-signal": expected.signal,
            "expected-noise": expected.noise,
            "ratio": expected.ratio,
            "covered": expected.covered,
        }

    def curves(self) -> dict[str, Tensor]:
        """Recorded curves (P, L, moments); after the last recorded moment they stay as they were."""
        last = int(self.state["moments"])
        found = {}
        for name in self.recorded:
            curve = self.state[name].clone()
            curve[last:] = curve[last - 1]
            found[name] = curve.permute(1, 2, 0)
        return found


def coefficients(z: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Signal and noise coefficients (P, L) at pre-activations `z` (P, K, m, L, N), section 3.5 of the card.

    Signal: gamma_kr = <w_kr, mu_k>, the largest over the filters r of class k, averaged over the classes. Noise:
    rho_ri = <w_(y_i)r, xi_i>, the largest over the filters of the example's class, averaged over the examples.
    """
    classes = z.shape[1]
    best = z.amax(2)  # (P, K, L, N)
    own = torch.arange(classes, device=z.device)
    signal = best[:, own, :, own].mean(0)  # (P, L)
    chosen = labels[:, None, None].expand(-1, 1, best.shape[2], -1)
    noise = best[..., classes:].gather(1, chosen)[:, 0].mean(-1)
    return signal, noise
