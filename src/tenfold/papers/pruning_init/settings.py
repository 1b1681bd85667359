"""Settings of pruning-init.

Two kinds of data: the theory's signal-and-noise examples (`theory`), and real images (`images`). Each data set of the
YAML has exactly one of the two blocks, in its prepare settings and in its training settings.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

MaskRule = Literal["random", "narrow", "oracle", "magnitude", "snip", "grasp", "synflow", "iterative"]
THEORY_MASKS = ("random", "narrow", "oracle", "magnitude")
IMAGE_MASKS = ("random", "magnitude", "snip", "grasp", "synflow", "iterative")
THEORY_METRICS = (
    "test-error", "test-nll", "train-error", "train-loss",
    "signal-coefficient", "noise-coefficient", "steps", "predictor-agreement", "predictor-correlation",
)  # fmt: skip


# ------------------------------------------------------------------------------------------------ prepare


class TheoryData(Strict):
    """Two-patch examples of section 3.1 of the card: a sparse signal beside Gaussian noise."""

    dimension: int = Field(ge=2, description="d: coordinates of a patch")
    examples: int = Field(ge=1, description="n: training examples, for each seed its own")
    classes: int = Field(2, ge=2, description="K")
    layout: Literal["onehot", "sign"] = Field(
        "onehot", description="onehot: the signal of class k is e_k; sign: two classes with the signals +e_1 and -e_1"
    )
    labels: Literal["uniform", "balanced"] = Field(
        "uniform",
        description="uniform: each label drawn by itself; balanced: equally many of each class, in random order",
    )
    test_noises: int = Field(
        1000, ge=1, description="fresh noise patches; each is paired with the signal of each class"
    )
    noise_off_signal: bool = Field(False, description="remove the noise's components along the signals")

    @model_validator(mode="after")
    def _layout_fits(self) -> Self:
        if self.layout == "sign" and self.classes != 2:
            raise ValueError("layout 'sign' has two classes")
        if self.classes > self.dimension:
            raise ValueError("every class needs a coordinate of its own: classes must not exceed dimension")
        return self


class ImageData(Strict):
    """Labelled images."""

    bundled: Literal["digits"] | None = Field(None, description="8x8 digits that come with scikit-learn; else raw data")
    train_images: int | None = Field(None, ge=1, description="use this many training images; null: all")
    test_images: int | None = Field(None, ge=1, description="use this many test images; null: all")


class Prepare(Strict):
    """What `prepare` may be told: exactly one of the two blocks."""

    theory: TheoryData | None = Field(None, description="generate signal-and-noise examples")
    images: ImageData | None = Field(None, description="read images")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.theory is None) == (self.images is None):
            raise ValueError("give exactly one of theory and images")
        return self


# -------------------------------------------------------------------------------------------------- train


class TheoryTraining(Strict):
    """Two-layer ReLU^q network and full-batch gradient descent, sections 3.2 and 3.3 of the card."""

    power: int = Field(ge=1, le=5, description="q of act(z) = max(0, z)^q")
    filters: int = Field(ge=1, description="m: filters of each class")
    init_sd: float = Field(gt=0, description="sigma_0: standard deviation of the initial weights")
    signal: float = Field(1.0, gt=0, description="mu: length of the signal")
    noise_levels: list[float] = Field(
        min_length=1, description="sigma_n: standard deviations of the noise's coordinates"
    )
    learning_rate: float = Field(gt=0, description="step size of gradient descent on the mean cross-entropy")
    step_rule: Literal["fixed", "by noise"] = Field(
        "fixed", description="by noise: the learning rate is divided by 1 + sigma_n^2 d keep"
    )
    max_steps: int = Field(ge=1, description="a cell that has not reached stop_loss by then is cut off")
    stop_loss: float | None = Field(None, gt=0, description="a cell stops when its training loss is below; null: never")
    records_per_decade: int = Field(30, ge=1, description="moments per factor 10 in steps at which curves are recorded")
    traced_noises: int = Field(0, ge=0, description="test noise patches for the recorded test error; 0: not recorded")
    space: Literal["auto", "span", "weights"] = Field(
        "auto", description="coordinates of gradient descent: the span of the patches, the weights, or the cheaper one"
    )
    batch_megabytes: float = Field(48.0, gt=0, description="members trained together take about this much memory")
    measured: list[str] = Field(list(THEORY_METRICS), description="metrics that go to metrics.csv")

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        if unknown := [name for name in self.measured if name not in THEORY_METRICS]:
            raise ValueError(f"measured: unknown metric {unknown[0]!r}; known: {', '.join(THEORY_METRICS)}")
        if min(self.noise_levels) <= 0 or len(set(self.noise_levels)) < len(self.noise_levels):
            raise ValueError("noise_levels: positive numbers, each once")
        return self


class ImageTraining(Strict):
    """Stochastic gradient descent on images."""

    network: Literal["mlp", "vgg-16", "resnet-20"] = Field("mlp", description="architecture")
    hidden: list[int] = Field([300, 300], min_length=1, description="mlp: units of the hidden layers")
    width: float = Field(1.0, gt=0, description="vgg-16, resnet-20: factor on the number of channels")
    epochs: int = Field(ge=1)
    batch_size: int = Field(128, ge=1, description="images a step")
    learning_rate: float = Field(0.05, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    schedule: Literal["constant", "cosine"] = Field("constant", description="learning rate over the epochs")
    augment: bool = Field(False, description="random shifts by up to 4 pixels and horizontal mirroring")
    input_noise: float = Field(0.0, ge=0, description="sd of fixed Gaussian noise on standardized pixels")
    score_images: int = Field(256, ge=1, description="training images from which SNIP and GraSP compute their scores")
    grasp_temperature: float = Field(200.0, gt=0, description="GraSP: class scores are divided by this, as published")
    synflow_rounds: int = Field(100, ge=1, description="rounds of SynFlow's exponential schedule")


class Train(Strict):
    """What `train` may be told."""

    mask: MaskRule = Field("random", description="which weights are kept")
    keep: list[float] = Field(
        min_length=1, description="shares of weights that are kept, from the highest to the lowest"
    )
    theory: TheoryTraining | None = Field(None, description="training on signal-and-noise examples")
    images: ImageTraining | None = Field(None, description="training on images")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.theory is None) == (self.images is None):
            raise ValueError("give exactly one of theory and images")
        if any(not 0 < keep <= 1 for keep in self.keep):
            raise ValueError("keep: shares above 0 and up to 1")
        if any(after >= before for before, after in zip(self.keep, self.keep[1:], strict=False)):
            raise ValueError("keep: from the highest to the lowest, each once")
        known = THEORY_MASKS if self.theory else IMAGE_MASKS
        if self.mask not in known:
            raise ValueError(f"mask: {self.mask!r} is not made for this kind of data; known: {', '.join(known)}")
        return self
