"""Settings of the pmtiqa stages.

Four kinds of data: `generated` (distorted photographs with pseudo-scores), `images` (a published database), `features`
(feature vectors of real images with real scores) and `labels` (scores alone). Images are used in two ways: `cache`
(frozen backbone, its pooled taps computed once) or not, when crops are cut while the backbone is fine-tuned.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Positive = Annotated[float, Field(gt=0)]
Rule = Literal["live", "tens", "csiq", "bid", "pseudo"]
BackboneName = Literal["resnet50", "efficientnet-lite0", "small"]
Projection = Literal["multi-scale", "last-stage", "pooled-scales", "features", "direct"]

# ------------------------------------------------------------------------------------------------ prepare


class Generated(Strict):
    """SynthCSIQ: distorted photographs, with pseudo-scores from three full-reference formulas."""

    levels: dict[str, Annotated[list[float], Field(min_length=1)]] = Field(
        description="distortion -> its parameter at each level, mildest first"
    )
    photographs: int | None = Field(None, ge=2, description="the first so many, by name; null: all")
    size: tuple[int, int] | None = Field(None, description="height and width to cut from the middle; null: as it is")
    rater_noise: float = Field(5.0, ge=0, description="standard deviation of the noise on scores of 0 to 100")
    seed: int = Field(description="of the noises; every seed of training sees the same images and scores")


class RatedFolder(Strict):
    """A published database of rated images."""

    resize: tuple[int, int] | None = Field(None, description="height and width of every image; null: as published")


class FeatureTable(Strict):
    """Histograms of texture, square roots of their shares."""

    blocks: list[str] | None = Field(None, description="which histograms, in this order; null: all")


class Cache(Strict):
    """Pooled taps of a frozen backbone on a fixed set of crops."""

    crops: int = Field(4, ge=1, description="K: random crops of each image, for training and for testing")
    map_crops: int = Field(0, ge=0, description="so many of them keep F_4 itself, which HyperIQA needs")
    seed: int = Field(0, description="of the crops' places")

    @model_validator(mode="after")
    def _maps_are_of_crops(self) -> Self:
        if self.map_crops > self.crops:
            raise ValueError(f"map_crops: {self.map_crops} of only {self.crops} crops")
        return self


class NaturalScenes(Strict):
    """Statistics for BRISQUE and NIQE."""

    patch: int = Field(96, ge=16, description="NIQE: side of a patch in pixels")


class Prepare(Strict):
    """What `prepare` may be told: exactly one kind of data, and what is made of it."""

    generated: Generated | None = Field(None, description="distort photographs")
    images: RatedFolder | None = Field(None, description="read a published database")
    features: FeatureTable | None = Field(None, description="read feature vectors")
    labels: bool = Field(False, description="read scores alone")
    rule: Rule = Field(description="which classes the scores fall into")
    backbone: BackboneName | None = Field(
        None, description="images: network; pretrained where the data set names weights under companions, else random"
    )
    cache: Cache | None = Field(None, description="images: freeze the backbone; null: keep pixels for fine-tuning")
    natural_scenes: NaturalScenes | None = Field(None, description="images: add statistics for BRISQUE and NIQE")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (self.generated, self.images, self.features, self.labels or None)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("give exactly one of generated, images, features, labels")
        if (self.generated or self.images) and self.backbone is None:
            raise ValueError("backbone: images need one")
        return self


# -------------------------------------------------------------------------------------------------- train


class Schedule(Strict):
    """lambda_1 of the regression and lambda_2 of the classification over the epochs."""

    name: Literal["progressive", "fixed", "reversed"] = Field("progressive", description="from (0, 1) to (1, 0)")
    regression: float = Field(1.0, ge=0, description="fixed: lambda_1")
    classification: float = Field(1.0, ge=0, description="fixed: lambda_2")


class Optimisation(Strict):
    """Adam, made anew after each epoch, as in the paper's code: its moments start from zero again."""

    epochs: int = Field(30, ge=1, description="T")
    learning_rates: list[Positive] = Field(
        [1e-3], min_length=1, description="several: the best on held-out training references, chosen for each seed"
    )
    period: int = Field(6, ge=1, description="the rate falls to a tenth after epochs 6, 12 ...")
    weight_decay: float = Field(5e-4, ge=0, description="added to the gradient (L2)")
    batch_crops: int = Field(48, ge=1, description="crops of a step; the K crops of an image stay together")
    held_out: float = Field(0.2, gt=0, lt=1, description="share of the training references that chooses the rate")


class FineTuning(Strict):
    """Training of the backbone as well, on crops cut anew for each visit."""

    images_a_step: int = Field(12, ge=1, description="images of a step")
    crops: int = Field(4, ge=1, description="K: random crops of an image in training and in testing")
    head_factor: Positive = Field(1.0, description="learning rate of everything but the backbone, as a multiple")
    head_factor_until: int | None = Field(None, ge=0, description="hyperIQA: last epoch (from 0) before it becomes 1")
    constant_backbone_rate: bool = Field(False, description="hyperIQA: the backbone's rate does not fall")


class Hyper(Strict):
    """Sizes of the hypernetwork."""

    reduction: list[int] = Field([1024, 512, 112], min_length=1, description="channels of the convolutions on F_4")


class Regressor(Strict):
    """Support vector regression or a random forest; settings are chosen on folds of the training references."""

    c: list[Positive] = Field([1, 10, 100, 1000], min_length=1, description="SVR: C, for scores scaled to [0, 1]")
    gamma: list[Positive] = Field([0.1, 1, 10], min_length=1, description="SVR: gamma, times 1 / number of inputs")
    epsilon: Positive = Field(0.01, description="SVR: insensitive width, for scores scaled to [0, 1]")
    folds: int = Field(4, ge=2, description="SVR: folds, by reference")
    trees: int = Field(300, ge=1, description="forest: trees")
    inputs_a_split: float = Field(0.33, gt=0, le=1, description="forest: share of the inputs that a split looks at")


class Train(Strict):
    """One job: all its seeds."""

    estimator: Literal["network", "hyperiqa", "brisque-svr", "niqe", "svr", "forest", "histogram"] = Field(
        "network", description="histogram: only counts the images of each class"
    )
    projection: Projection = Field("multi-scale", description="network: how a crop becomes the vector v")
    widths: tuple[int, int, int] = Field((16, 32, 64), description="multi-scale: channels of the three convolutions")
    schedule: Schedule = Schedule()
    optimisation: Optimisation = Optimisation()
    fine_tuning: FineTuning | None = Field(None, description="train the backbone, too; the data must hold pixels")
    hyper: Hyper = Hyper()
    regressor: Regressor = Regressor()
    label_factors: list[Positive] = Field(
        [1.0], min_length=1, description="labels are multiplied by it, as a change of unit; several: a run for each"
    )
    arms: list[Literal["regression-only", "progressive"]] | None = Field(
        None, description="label-unit study: which schedules; null: the one under schedule"
    )
    sharpness: float = Field(0.75, ge=0, le=1, description="niqe: pristine patches above this share of the sharpest")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.fine_tuning is not None and self.projection == "features":
            raise ValueError("projection: 'features' belongs to feature vectors, which have no backbone to tune")
        if self.arms is None and self.label_factors != [1.0]:
            raise ValueError("label_factors: belong to a label-unit study, which names its arms")
        if self.arms is not None and (self.estimator != "network" or self.fine_tuning):
            raise ValueError("arms: the label-unit study is made for networks on cached inputs")
        return self
