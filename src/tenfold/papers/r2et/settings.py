"""Settings of the r2et paper: what `config/papers/r2et.yaml` may say under `prepare` and for training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(ge=0)]


# ------------------------------------------------------------------------------------------------------ prepare


class Brains(Strict):
    """Generated brain networks (`brains.py`)."""

    subjects: int = Field(400, ge=20, description="half of them in each class")
    nodes: int = Field(30, ge=6, description="N, regions")
    communities: int = Field(5, ge=3)
    length: int = Field(60, ge=10, description="points of each region's signal")
    loading: Positive = Field(0.7, description="share of a community's signal in each of its regions")
    strength: float = Field(1.6, gt=1, description="factor on the loading of two communities in class 1")


class Prepare(Strict):
    """How raw data becomes inputs, labels and splits."""

    rows: int | None = Field(None, ge=20, description="tables: keep a random draw of this many rows; null: all")
    shares: tuple[Positive, Positive, Positive] = Field(
        (0.7, 0.1, 0.2), description="training, validation and test share; images keep their own test set"
    )
    train_images: int | None = Field(None, ge=20, description="images: the first ones of the training set; null: all")
    test_images: int | None = Field(None, ge=10, description="images: the first ones of the test set; null: all")
    validation_share: float = Field(0.2, gt=0, lt=1, description="images: share of the training set")
    mean: list[float] | None = Field(None, description="images: subtracted from values in [0, 1], for each channel")
    deviation: list[Positive] | None = Field(None, description="images: divided by afterwards, for each channel")
    brains: Brains | None = Field(None, description="generate brain networks instead of reading raw data")

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> Self:
        if abs(sum(self.shares) - 1) > 1e-9:
            raise ValueError(f"shares: {', '.join(map(str, self.shares))} do not sum to 1")
        return self


# ----------------------------------------------------------------------------------------------------- training


class NetworkSettings(Strict):
    """The architecture; sizes of inputs and the number of classes come from the data."""

    name: Literal["perceptron", "convolutional", "resnet9", "graph"] = "perceptron"
    widths: list[Annotated[int, Field(ge=1)]] = Field([64, 64], min_length=1, description="resnet9: the first only")
    nodes: int | None = Field(None, description="graph: N")


class Candidate(Strict):
    """One point of a method's grid. The one with the highest validation P@k within the AUC budget is chosen."""

    gap: Weight = Field(0.0, description="lambda_1, weight of the mean gap of the pairs (adaptive: w)")
    curvature: Weight = Field(0.0, description="lambda_2, weight of the curvature penalty (adaptive: w)")
    weight_decay: Weight = Field(0.0, description="L2 penalty inside Adam")
    beta: Positive | None = Field(None, description="softplus with this beta in place of ReLU; null: ReLU")
    length: Weight = Field(0.0, description="adversarial training: l2 length of the perturbation")


class Penalty(Strict):
    """What the candidates' weights multiply."""

    kind: Literal["r2et", "hessian", "eigenvalue"] = Field(
        "r2et", description="r2et: gaps and finite difference; hessian: ||H||_F; eigenvalue: largest |eigenvalue| of H"
    )
    pairs: Literal["all", "anchors", "worst"] = Field("all", description="whose gaps are made large")
    worst: int = Field(3, ge=1, description="worst: k', the smallest of the top k against the largest of the others")
    exponential: bool = Field(False, description="anchors: mean exp(-h) instead of -h (the authors' etx)")
    adaptive: bool = Field(False, description="lambda = w (L_cls + 1) / |penalty|, as in the authors' code")
    delta: Positive = Field(1e-2, description="step of the finite difference")
    attack_steps: int = Field(1, ge=1, description="adversarial training: ERAttack steps for each batch")


class Training(Strict):
    """Adam on batches; all seeds and candidates of a method are one batched computation."""

    pretrain_epochs: int = Field(20, ge=1, description="of the vanilla network, from random weights")
    epochs: int = Field(8, ge=1, description="of every other method, from the vanilla network")
    batch: int = Field(128, ge=1)
    pretrain_rate: Positive = Field(1e-3, description="learning rate")
    rate: Positive = Field(1e-3, description="learning rate of the methods that go on from the vanilla network")
    optimiser: Literal["adam", "sgd"] = Field("adam", description="of the vanilla network; the methods use Adam")


class Attack(Strict):
    """The attacks that explanations are measured under. Total l2 budget = steps * step_size."""

    steps: int = Field(100, ge=1)
    step_size: Positive = Field(5e-3, description="l2 length of a step, in units of the scaled inputs")
    every: int = Field(10, ge=1, description="steps between two measurements of P@k along the way")
    surrogate_beta: Positive = Field(10.0, description="softplus that gives the gradient of attacks on ReLU networks")
    restarts: int = Field(1, ge=1, description="ERAttack: the worst of so many; the others start in a random direction")

    @model_validator(mode="after")
    def _last_step_is_measured(self) -> Self:
        if self.steps % self.every:
            raise ValueError(f"every: {self.every} does not divide {self.steps} steps, so their end is not measured")
        return self


class Thickness(Strict):
    """Monte Carlo estimate: paths to points drawn uniformly from the ball, seen in the middle of their equal parts."""

    radius: Positive = Field(0.5, description="l2 radius of the ball")
    paths: int = Field(10, ge=1)
    grid: int = Field(10, ge=1)


class Explanations(Strict):
    """Explanations beside the gradient."""

    draws: int = Field(20, ge=1, description="SmoothGrad: draws of noise, the same at both ends of an attack")
    noise: Positive = Field(0.1, description="SmoothGrad: its standard deviation")
    path: int = Field(20, ge=1, description="Integrated Gradients: points on the path from the neutral input")


class Measuring(Strict):
    """What is measured, and on how many samples."""

    validation: int = Field(200, ge=1, description="validation samples attacked for each candidate")
    explained: int = Field(300, ge=1, description="test samples explained and attacked")
    auc_tolerance: float = Field(0.01, ge=0, description="validation AUC may be this much below the vanilla network's")
    removal_steps: int = Field(50, ge=1, description="DFFOT: at most so many stages of removal")
    examples: int = Field(4, ge=0, description="test samples whose importances are kept for figures (first seed)")
    every_candidate: bool = Field(False, description="measure all candidates on test samples, not the chosen one only")


class Train(Strict):
    """Settings of one method."""

    network: NetworkSettings = NetworkSettings()
    k: int = Field(8, ge=1, description="salient features")
    training_k: int | None = Field(None, ge=1, description="k of the training penalty, where it differs; null: k")
    pretrained: bool = Field(True, description="start from the vanilla network; false: this is the vanilla network")
    candidates: list[Candidate] = Field([Candidate()], min_length=1, description="the grid")
    penalty: Penalty = Penalty()
    training: Training = Training()
    attack: Attack = Attack()
    thickness: Thickness = Thickness()
    explanations: Explanations = Explanations()
    measuring: Measuring = Measuring()

    @model_validator(mode="after")
    def _softplus_for_all_or_none(self) -> Self:
        soft = [candidate.beta is not None for candidate in self.candidates]
        if any(soft) != all(soft):
            raise ValueError("candidates: beta must be set for all of them or for none")
        if any(soft) and self.penalty.kind != "r2et":
            raise ValueError(f"penalty.kind {self.penalty.kind!r} is made for ReLU networks: leave beta out")
        if not self.pretrained and len(self.candidates) > 1:
            raise ValueError("candidates: the vanilla network has no grid")
        return self
