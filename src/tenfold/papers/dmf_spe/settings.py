"""Settings of the dmf-spe stages."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Positive = Annotated[float, Field(gt=0)]
Depth = Annotated[int, Field(ge=1, le=8)]
Curve = Literal["effective_rank", "stable_rank", "relative_error", "distance_to_best"]
Initialization = Literal["gaussian", "orthogonal", "aligned"]
MemberPart = Literal["target", "depth", "init", "scale", "rate"]
BaselineName = Literal["zero-fill", "truncated-svd", "soft-impute"]


class Prepare(Strict):
    """A family of target matrices `M = U diag(sigma) V^T`, drawn anew for each seed."""

    size: int = Field(ge=2, description="d: rows, columns and hidden width; the matrices are d x d")
    targets: dict[str, Annotated[list[Positive], Field(min_length=1)]] = Field(
        min_length=1, description="name of a target -> its non-zero singular values, largest first"
    )
    noise: float = Field(0.0, ge=0, description="standard deviation of Gaussian noise added to every entry of M")
    observed: float = Field(1.0, gt=0, le=1, description="share of the entries that the loss sees (1: reconstruction)")

    @model_validator(mode="after")
    def _ranks_fit(self) -> Self:
        for name, values in self.targets.items():
            if len(values) > self.size:
                raise ValueError(f"targets.{name}: {len(values)} singular values do not fit into size {self.size}")
            if values != sorted(values, reverse=True):
                raise ValueError(f"targets.{name}: singular values must be listed largest first")
        return self


class Recording(Strict):
    """When the state of a run is written down. The distance between records grows with the step count."""

    minimum: int = Field(1, ge=1, description="smallest number of steps between two records")
    share: float = Field(0.002, gt=0, le=0.01, description="largest gap between records, as a share of the step count")
    singular_values: int = Field(8, ge=1, description="how many singular values of the product are kept, at least R")
    curves: list[Curve] = Field(
        ["effective_rank", "stable_rank", "relative_error", "distance_to_best"],
        description="what is recorded beside loss, gradient norm and singular values, which the counters need",
    )
    chunks: int = Field(100, ge=1, description="history and checkpoints are written this often in a run")


class Stopping(Strict):
    """When a run ends: settled after its last escape, loss vanished, or its step budget spent."""

    settle: float = Field(1.3, ge=1, description="go on until this multiple of the last escape step, at least")
    gradient: float = Field(1e-3, ge=0, description="a settled run ends once the gradient norm is below this; 0: never")
    loss: float = Field(1e-9, ge=0, description="a run ends at this loss whatever else")
    horizon: Positive = Field(
        8.0, description="step budget, as a multiple of the predicted last escape plus ten relaxation times"
    )
    maximum_steps: int | None = Field(None, ge=1, description="fixed step budget, instead of the predicted one")
    may_diverge: bool = Field(False, description="a diverging run is a result (learning-rate sweep), not a failure")


class Counting(Strict):
    """The two stage counters."""

    escape_share: float = Field(0.5, gt=0, lt=1, description="mode i has escaped once sigma_i(P) > share * sigma_i")
    separation: float = Field(1.1, ge=1, description="escapes count separately when T_(i+1) > separation * T_i")
    prominence: float = Field(3.0, gt=1, description="a peak of the gradient norm stands out by this factor")
    window: float | None = Field(
        None, ge=1, description="count peaks until this multiple of the last escape; null: to the end of the run"
    )


class Curvature(Strict):
    """Second-order measurements."""

    final: bool = Field(False, description="smallest Hessian eigenvalue at the end, by Lanczos")
    plateaus: bool = Field(False, description="dense Hessian spectra at start, plateaus and end; small d only")
    negative: Positive = Field(0.05, description="eigenvalues below minus this are counted as negative on a trajectory")


class CriticalPoints(Strict):
    """The study of exact balanced critical points and of points near the top-r saddles."""

    hidden_widths: list[Annotated[int, Field(ge=1)]] = Field([6], min_length=1, description="h, at least the rank")
    near_scales: list[Positive] = Field([0.05], description="factor scale of the unlearned directions near a saddle")
    tolerance: Positive = Field(1e-6, description="eigenvalues below minus this (times sigma_1) count as negative")


class Baseline(Strict):
    """Classical matrix completion."""

    name: BaselineName = Field("zero-fill", description="which of the classical methods")
    path: int = Field(20, ge=2, description="soft-impute: number of shrinkage values, largest first")
    smallest: float = Field(1e-3, gt=0, lt=1, description="soft-impute: last shrinkage value as a share of the first")
    held_out: float = Field(0.1, gt=0, lt=1, description="soft-impute: share of the entries that chooses the shrinkage")
    iterations: int = Field(300, ge=1, description="soft-impute: most iterations for one shrinkage value")
    tolerance: Positive = Field(1e-7, description="soft-impute: relative change at which one shrinkage value is done")


class Train(Strict):
    """One job: its whole grid (seeds x targets x inits x scales x learning rates) is one batch for each depth."""

    study: Literal["trajectories", "critical-points", "baseline"] = Field(
        "trajectories", description="descent runs; Hessians at constructed critical points; or classical completion"
    )
    targets: list[str] | None = Field(None, description="names of the data set's targets; null: all")
    depths: list[Depth] = Field([3], min_length=1, description="L, number of factors")
    inits: list[Initialization] = Field(
        ["gaussian"],
        min_length=1,
        description="gaussian: alpha N(0, 1/d); orthogonal: alpha times independent orthogonal factors; "
        "aligned: alpha times orthogonal factors in the target's singular bases (exactly solvable)",
    )
    init_scales: dict[int, Annotated[list[Positive], Field(min_length=1)]] = Field(
        description="depth -> initial scales alpha"
    )
    optimiser: Literal["gd", "rmsprop"] = Field("gd", description="gradient descent or RMSProp, all factors at once")
    learning_rates: list[Positive] = Field([0.02], min_length=1, description="step sizes, in the unit below")
    learning_rate_unit: Literal["absolute", "curvature", "critical"] = Field(
        "curvature",
        description="absolute: as given; curvature: times 1 / sigma_1^(2-2/L); "
        "critical: times 2 / (L sigma_1^(2-2/L)), the stability limit of gradient descent",
    )
    rmsprop_decay: float = Field(0.99, gt=0, lt=1, description="b of v <- b v + (1-b) g^2")
    rmsprop_epsilon: Positive = Field(1e-8, description="e of W <- W - lr g / (sqrt(v) + e)")
    recording: Recording = Recording()
    stopping: Stopping = Stopping()
    counting: Counting = Counting()
    curvature: Curvature = Curvature()
    split_by: list[MemberPart] = Field(
        ["target"], min_length=1, description="what names a run in metrics.csv's column `split`, beside its seed"
    )
    critical_points: CriticalPoints = CriticalPoints()
    baseline: Baseline = Baseline()

    @model_validator(mode="after")
    def _every_depth_has_a_scale(self) -> Self:
        if missing := [depth for depth in self.depths if depth not in self.init_scales]:
            raise ValueError(f"init_scales: no initial scale for depth {', '.join(map(str, missing))}")
        return self

    @model_validator(mode="after")
    def _runs_have_different_names(self) -> Self:
        if self.study != "trajectories":
            return self
        counts: dict[MemberPart, int] = {
            "depth": len(self.depths),
            "init": len(self.inits),
            "scale": max(len(self.init_scales[depth]) for depth in self.depths),
            "rate": len(self.learning_rates),
            "target": 1 if self.targets is None else len(self.targets),
        }
        if hidden := [part for part, count in counts.items() if count > 1 and part not in self.split_by]:
            raise ValueError(f"split_by: must name {', '.join(hidden)}, else several runs would share one name")
        return self
