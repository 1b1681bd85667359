"""Settings of the adatask stages.

Three kinds of problem: `toy` (two synthetic landscapes), `dense` (segmentation and depth), `clicks` (two labels of a
user's contact with an item). Each data set of the YAML has exactly one kind, in both stages.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Positive = Annotated[float, Field(gt=0)]
OptimizerName = Literal["adam", "rmsprop", "adagrad"]
BalanceName = Literal[
    "single", "equal", "uw", "dwa", "rlw", "gradnorm", "pcgrad", "gradvac", "graddrop", "mgda", "cagrad", "imtl-g"
]

# ------------------------------------------------------------------------------------------------ prepare


class ToyData(Strict):
    """A landscape and where the descents on it start."""

    landscape: Literal["curves", "quadratic"] = Field(description="curves: Toy-A; quadratic: Toy-B, with noise")
    jitter: float = Field(0.05, ge=0, description="curves: standard deviation of the seed's shift of each start")
    chains: int = Field(200, ge=1, description="quadratic: noisy descents of each seed and ratio, started at 0")


class SceneData(Strict):
    """FashionScapes: generated scenes of sprites from labelled 28 x 28 images."""

    train: int = Field(ge=1, description="training scenes, made of training images only")
    test: int = Field(ge=1, description="test scenes, made of test images only")
    seed: int = Field(2023, description="of the generator; every seed of training sees the same scenes")


class CityData(Strict):
    """CityScapes as preprocessed for MTAN."""

    train: int | None = Field(None, ge=1, description="first so many training images; null: all")
    test: int | None = Field(None, ge=1, description="first so many test images; null: all")


class RatingData(Strict):
    """MovieLens-100K as two binary tasks."""

    second: Literal["love", "hate"] = Field(description="second label beside rating >= 4; love: rating 5; hate: 1")
    rows: int | None = Field(None, ge=1, description="a random part of the ratings; null: all")


class VideoData(Strict):
    """Short videos (TikTok, ICME 2019): finish and like."""

    minimum_count: int = Field(10, ge=1, description="values seen less often in training become one value")
    rows: int | None = Field(None, ge=1, description="first so many rows of the file; null: all")


class Prepare(Strict):
    """What `prepare` may be told: exactly one of the blocks."""

    toy: ToyData | None = Field(None, description="generate starts or noise")
    scenes: SceneData | None = Field(None, description="generate scenes of sprites")
    city: CityData | None = Field(None, description="read CityScapes")
    ratings: RatingData | None = Field(None, description="read MovieLens-100K")
    videos: VideoData | None = Field(None, description="read a table of short videos")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        _exactly_one(self, ("toy", "scenes", "city", "ratings", "videos"))
        return self


# -------------------------------------------------------------------------------------------------- train


class Balance(Strict):
    """How the losses or their gradients are weighed."""

    method: BalanceName = Field("equal", description="single: one model for each task")
    weight_lr: Positive = Field(0.025, description="uw, gradnorm: Adam's rate for the weights")
    dwa_temperature: Positive = Field(2.0, description="dwa: T")
    gradnorm_alpha: float = Field(1.5, ge=0, description="gradnorm: alpha")
    gradvac_decay: float = Field(0.5, gt=0, le=1, description="gradvac: how fast the target cosines follow")
    cagrad_c: float = Field(0.4, ge=0, lt=1, description="cagrad: c")


class Monitoring(Strict):
    """AU and rAU; switched on, every method needs K backward passes."""

    enabled: bool = Field(False, description="follow the updates of each task")
    decay: float = Field(0.999, ge=0, lt=1, description="gamma of AU; the authors' value is not known")
    points: int = Field(24, ge=1, description="so many times along the training the mean rAU is written down")


class ToyTraining(Strict):
    """Descent on a landscape, all seeds, scales, starts or chains at once."""

    optimizers: list[OptimizerName] = Field(["adam"], min_length=1)
    steps: int = Field(ge=1)
    halved: bool = Field(description="halve the learning rate for the second half")
    ratios: list[Positive] = Field([1.0], min_length=1, description="quadratic: b / a; curves: scale s of task 1")
    chunks: int = Field(50, ge=1, description="so many times a point of the path is kept and a checkpoint offered")


class DenseTraining(Strict):
    """Segmentation and depth on images."""

    network: Literal["unet", "mtan"] = Field("unet", description="unet: small; mtan: MTAN on SegNet (Liu et al. 2019)")
    width: int = Field(12, ge=1, description="unet: channels of the first stage; mtan: 64 in the paper")
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1, description="images a step")
    halve_every: float = Field(0.5, gt=0, le=1, description="halve the learning rate each such share of the epochs")
    averaged_epochs: int = Field(2, ge=1, description="test metrics are means over the last so many epochs")
    augment: bool = Field(False, description="random scale 1, 1.2 or 1.5 with a crop, and mirroring")
    depth_weights: list[Positive] = Field(
        [1.0], min_length=1, description="factor on the depth loss, as a change of its unit; several: one run for each"
    )


class ClickTraining(Strict):
    """Two binary labels from categorical features."""

    embedding: int = Field(16, ge=1, description="numbers in an embedding")
    bottom: list[int] = Field([64, 64], min_length=1, description="units of the shared layers")
    tower: list[int] = Field([32], description="units of each task's hidden layers")
    epochs: int = Field(ge=1, description="the best epoch by mean validation AUC counts")
    patience: int | None = Field(None, ge=1, description="stop after so many epochs without improvement; null: never")
    batch_size: int = Field(ge=1)
    embedding_decay: float = Field(0.0, ge=0, description="L2 penalty on the embeddings of a batch")


class Train(Strict):
    """What `train` may be told."""

    balance: Balance = Balance()
    optimizer: OptimizerName = Field("adam", description="dense, clicks: the optimizer")
    accumulators: Literal["task", "joint"] = Field("joint", description="task: AdaTask; joint: the ordinary optimizer")
    task_layers: list[str] | None = Field(
        None, description="with accumulators task: only shared parameters whose names start so have them; null: all"
    )
    learning_rates: dict[OptimizerName, list[Positive]] = Field(
        description="optimizer -> rates; several (clicks only): the best by validation AUC, for each seed"
    )
    rate_factor: Positive = Field(1.0, description="factor on the rates: K or 1 / K for controls of the step size")
    monitoring: Monitoring = Monitoring()
    toy: ToyTraining | None = Field(None, description="descent on a landscape")
    dense: DenseTraining | None = Field(None, description="training on images")
    clicks: ClickTraining | None = Field(None, description="training on tables")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        _exactly_one(self, ("toy", "dense", "clicks"))
        used = self.toy.optimizers if self.toy else [self.optimizer]
        for name in used:
            if not self.learning_rates.get(name):
                raise ValueError(f"learning_rates: no rate for {name}")
            if not self.clicks and len(self.learning_rates[name]) > 1:
                raise ValueError(f"learning_rates.{name}: one rate; only click problems choose among several")
        if self.accumulators == "task" and self.balance.method == "single":
            raise ValueError("balance: a single task has no accumulators for each task")
        if self.toy and self.balance.method != "equal":
            raise ValueError("balance: toy problems are made for equal weighting")
        if self.task_layers is not None and self.accumulators != "task":
            raise ValueError("task_layers belongs to accumulators: task")
        return self


def _exactly_one(model: Strict, keys: tuple[str, ...]) -> None:
    if sum(getattr(model, key) is not None for key in keys) != 1:
        raise ValueError(f"give exactly one of {', '.join(keys)}")
