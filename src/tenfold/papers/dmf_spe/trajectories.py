"""A batch of descent runs under way: steps, records, and who is finished.

Finished runs leave the batch, so it never pays for them. Everything that changes lies in `state_dict`: a killed job
goes on from there with the same bits.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tenfold.papers.dmf_spe import model
from tenfold.papers.dmf_spe.members import Batch
from tenfold.papers.dmf_spe.optimisers import GradientDescent, RMSProp
from tenfold.papers.dmf_spe.settings import Curve, Recording, Train

RUNNING, SETTLED, VANISHED, SPENT, DIVERGED = range(5)
"""How a run ended: it settled after its last escape, its loss vanished, its step budget was spent, or it blew up."""
ALWAYS_RECORDED = ("loss", "gradient_norm", "singular_values")
"""What the stage counters need."""
BLOW_UP = 1e3
"""A run has diverged when its loss exceeds this multiple of its first loss, or is not a number."""


def record_steps(last: int, recording: Recording) -> list[int]:
    """Step counts of the records, from 0 to `last`: gaps grow as `share * step`, but are at least `minimum`."""
    steps = [0]
    while steps[-1] < last:
        steps.append(min(last, steps[-1] + max(recording.minimum, int(recording.share * steps[-1]))))
    return steps


class Trajectories:
    """B runs of one depth. The first record is written at once; `advance` goes on from there."""

    def __init__(self, batch: Batch, settings: Train) -> None:
        self.settings = settings
        self.steps = record_steps(int(batch.budget.max()), settings.recording)
        self._batch = batch
        self._everyone = batch
        self._optimiser = _optimiser(batch, settings)
        count, device = batch.target.shape[0], batch.target.device
        self._last_escape = torch.full((count,), torch.inf, dtype=torch.float64, device=device)
        self._first_loss = model.loss(batch.factors, batch.target, batch.mask)
        self._best = _best_approximations(batch)
        self.outcome = torch.full((count,), RUNNING, device=device)
        self.final = [factor.clone() for factor in batch.factors]
        self._record = 0
        self._active = torch.arange(count, device=device)
        # The stage counters look at all R modes, however few singular values a setting asks to keep.
        kept = min(max(settings.recording.singular_values, batch.sigma.shape[1]), batch.target.shape[-1])
        widths = {"singular_values": kept}
        self.records: dict[str, Tensor] = {
            name: torch.full(
                (len(self.steps), count, *([widths[name]] if name in widths else [])),
                torch.nan, dtype=torch.float64, device=device,
            )
            for name in (*ALWAYS_RECORDED, *settings.recording.curves)
        }  # fmt: skip
        self._snapshots: list[Tensor] = []  # per record: all factors (L, B, d, d), where plateaus are studied
        self._observe()

    @property
    def done(self) -> bool:
        """Every run is finished."""
        return self._active.numel() == 0

    @property
    def active(self) -> Tensor:
        """Indices of the runs that still move."""
        return self._active

    @property
    def recorded(self) -> int:
        """Number of records so far."""
        return self._record + 1

    def advance(self, records: int = 1) -> None:
        """Go on by `records` records, or until every run is finished; finished runs leave at each record."""
        for _ in range(records):
            if self.done:
                return
            self._record += 1
            self._optimiser.advance(self.steps[self._record] - self.steps[self._record - 1])
            self._observe()

    def snapshot(self, record: int, run: int) -> list[Tensor]:
        """Factors of one run at one record; only with `curvature.plateaus`."""
        return list(self._snapshots[record][:, run])

    def _observe(self) -> None:
        batch, factors = self._batch, self._optimiser.factors
        outcome = model.product(factors)
        loss = model.loss(factors, batch.target, batch.mask)
        squares = [g.square().sum((-2, -1)) for g in model.gradient(factors, batch.target, batch.mask)]
        gradient_norm = torch.stack(squares).sum(0).sqrt()
        diverged = ~(loss <= BLOW_UP * self._first_loss[self._active])
        safe = outcome.masked_fill(diverged[:, None, None], 0)  # LAPACK refuses what is not a number
        values = torch.linalg.svdvals(safe)
        here = {
            "loss": loss,
            "gradient_norm": gradient_norm,
            "singular_values": values[:, : self.records["singular_values"].shape[-1]],
        }
        here |= {name: self._curve(name, safe, values) for name in self.settings.recording.curves}
        for name, value in here.items():
            self.records[name][self._record, self._active] = value.masked_fill(
                diverged if value.ndim == 1 else diverged[:, None], torch.nan
            )
        if self.settings.curvature.plateaus:
            snapshot = torch.full_like(torch.stack(self.final), torch.nan)
            snapshot[:, self._active] = torch.stack(list(factors))
            self._snapshots.append(snapshot)
        self._finish(values, loss, gradient_norm, diverged)

    def _curve(self, name: Curve, outcome: Tensor, values: Tensor) -> Tensor:
        """One recorded quantity (B,) of the products `outcome` (B, d, d) with singular values (B, d)."""
        if name == "effective_rank":
            return model.effective_rank(values)
        if name == "stable_rank":
            return model.stable_rank(values)
        goal = self._batch.signal if name == "relative_error" else self._best_of_same_rank(values)
        return torch.linalg.matrix_norm(outcome - goal) / torch.linalg.matrix_norm(self._batch.signal)

    def _best_of_same_rank(self, values: Tensor) -> Tensor:
        """The best approximation (B, d, d) of each signal with the product's numerical rank."""
        smallest = self._batch.sigma.amin(1)
        rank = (values > self.settings.counting.escape_share * smallest[:, None]).sum(1)
        best = self._best[self._active]
        return best[torch.arange(rank.numel(), device=rank.device), rank.clamp(max=best.shape[1] - 1)]

    def _finish(self, values: Tensor, loss: Tensor, gradient_norm: Tensor, diverged: Tensor) -> None:
        stopping, step = self.settings.stopping, self.steps[self._record]
        batch = self._batch
        escaped = values[:, : batch.sigma.shape[1]] > self.settings.counting.escape_share * batch.sigma
        all_escaped = (escaped | batch.sigma.isinf()).all(1)
        last = self._last_escape[self._active].where(~all_escaped, self._last_escape[self._active].clamp(max=step))
        self._last_escape[self._active] = last

        settled = (step >= stopping.settle * last) & (gradient_norm < stopping.gradient)
        outcome = torch.full_like(self._active, RUNNING)
        for reason, applies in (
            (SPENT, step >= batch.budget),
            (SETTLED, settled),
            (VANISHED, loss < stopping.loss),
            (DIVERGED, diverged),
        ):
            outcome[applies] = reason
        if bool((outcome != RUNNING).any()):
            self._leave(outcome)

    def _leave(self, outcome: Tensor) -> None:
        """Store the factors of the finished runs and go on with the others."""
        leaving, staying = (outcome != RUNNING).nonzero()[:, 0], (outcome == RUNNING).nonzero()[:, 0]
        for stored, factor in zip(self.final, self._optimiser.factors, strict=True):
            stored[self._active[leaving]] = factor[leaving]
        self.outcome[self._active] = outcome
        self._optimiser = self._optimiser.kept(staying)
        self._batch = _subset(self._batch, staying)
        self._active = self._active[staying]

    def state_dict(self) -> dict[str, Any]:
        """Active runs with their optimiser, outcomes, and all records so far."""
        return {
            "record": self._record,
            "active": self._active,
            "outcome": self.outcome,
            "final": self.final,
            "last_escape": self._last_escape,
            "optimiser": self._optimiser.state_dict(),
            "records": {name: values[: self.recorded].clone() for name, values in self.records.items()},
            "snapshots": self._snapshots,
        }

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Go on from a checkpoint."""
        self._record = state_dict["record"]
        self._active = state_dict["active"].to(self._active.device)
        self.outcome.copy_(state_dict["outcome"])
        for stored, saved in zip(self.final, state_dict["final"], strict=True):
            stored.copy_(saved)
        self._last_escape.copy_(state_dict["last_escape"])
        self._batch = _subset(self._everyone, self._active)
        self._optimiser = _optimiser(self._everyone, self.settings).kept(self._active)
        self._optimiser.load_state_dict(state_dict["optimiser"])
        for name, saved in state_dict["records"].items():
            self.records[name][: self.recorded] = saved.to(self.records[name].device)
        self._snapshots = [saved.to(self._everyone.target.device) for saved in state_dict["snapshots"]]


def _optimiser(batch: Batch, settings: Train) -> GradientDescent:
    start = [factor.clone() for factor in batch.factors]
    if settings.optimiser == "gd":
        return GradientDescent(start, batch.target, batch.rates, batch.mask)
    return RMSProp(
        start, batch.target, batch.rates, batch.mask, decay=settings.rmsprop_decay, epsilon=settings.rmsprop_epsilon
    )


def _best_approximations(batch: Batch) -> Tensor:
    """Truncated singular value decompositions of the signals, rank 0 .. K: (B, K + 1, d, d)."""
    u, s, vh = torch.linalg.svd(batch.signal)
    rank = batch.sigma.shape[1]
    terms = torch.einsum("bik,bk,bkj->bkij", u[..., :rank], s[:, :rank], vh[:, :rank])
    return torch.cat([torch.zeros_like(terms[:, :1]), terms.cumsum(1)], 1)


def _subset(batch: Batch, runs: Tensor) -> Batch:
    """Some runs of a batch. The initial factors are not needed any more, and stay empty."""
    return Batch(
        factors=[],
        target=batch.target[runs],
        signal=batch.signal[runs],
        mask=None if batch.mask is None else batch.mask[runs],
        sigma=batch.sigma[runs],
        rates=batch.rates[runs],
        budget=batch.budget[runs],
    )
