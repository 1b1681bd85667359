"""The claims of `config/papers/<slug>.yaml`: statements, and the comparisons that test them."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tenfold.config.names import Slug
from tenfold.settings import Strict


class BestOf(Strict):
    """The best of several methods, chosen afresh for every data set and seed without looking at the compared value.

    With `split` or `metric` set, the choice is made by that value at the same seed, as one selects a model on a
    validation split. With neither, it is made by the compared metric over the *other* seeds, so that luck at one seed
    cannot both choose a method and count in its favour; a deterministic method has one value, and is chosen by it.
    On the baseline side every candidate must be there: a best baseline is none when the best of them went missing.
    An optimum inside a sweep reads: the best of the inner settings is higher than the best of the two ends.
    """

    best_of: list[Slug] = Field(min_length=2, description="the methods to choose from; a tie goes to the first")
    split: str | None = Field(None, description="choose on this split; null: the compared one")
    metric: str | None = Field(None, description="choose by this metric; null: the compared one")


class MeanOf(Strict):
    """The mean of several methods at the same data set and seed; all of them must be there.

    A method is above the arithmetic mean exactly when its mean gain over the methods is positive in units of the
    metric, and above the harmonic mean exactly when its mean *relative* gain is: the mean of (x - b) / b over b is
    x / (harmonic mean of b) - 1, for positive values.
    """

    mean_of: list[Slug] = Field(min_length=2, description="the methods to average")
    mean: Literal["arithmetic", "harmonic"] = Field("arithmetic", description="harmonic: for relative gains")


class Side(Strict):
    """The baseline side of a comparison; what is left out is as on the first side."""

    method: Slug | BestOf | MeanOf | None = Field(None, description="a method, or the best or mean of several")
    split: str | None = Field(None, description="the split the metric is taken on")
    metric: str | None = Field(None, description="the metric")
    dataset: Slug | None = Field(None, description="one fixed data set, whatever the first side's is")


class Comparison(Strict):
    """One testable statement: `method` is higher (lower ...) than `against` in `metric`, by more than `margin`."""

    metric: str = Field(description="key under metrics")
    method: Slug | BestOf | MeanOf = Field(description="a method, or the best or mean of several")
    split: str = Field("test", description="the split the metric is taken on")
    datasets: list[Slug] = Field([], description="data sets to pool; empty: every one that has the metric")
    against: Side | float = Field(description="another method, split or metric; or a fixed value")
    direction: Literal["higher", "lower", "equal", "not lower", "not higher"] = Field(
        description="higher, lower: by more than the margin; equal: within the margin; "
        "not lower, not higher: worse by at most the margin"
    )
    margin: float = Field(0.0, ge=0, description="smallest difference that counts; for the other three the tolerance")
    relative: bool = Field(False, description="margin is a share of the baseline's value")
    rule: Literal["interval", "every"] = Field("interval", description="interval over seeds, or every pair must agree")
    share: float = Field(1.0, gt=0, le=1, description="every: share of the pairs that must agree, such as 0.9")
    unit: Literal["seed", "sample"] = Field("seed", description="what is resampled: seeds, or seeds and samples")
    paired: bool = Field(True, description="sample: the same samples stand on both sides")

    @model_validator(mode="after")
    def _can_be_tested(self) -> Self:
        if self.unit == "sample" and self.rule == "every":
            raise ValueError("rule 'every' looks at whole runs: use unit 'seed', or rule 'interval'")
        sides = [self.method, self.against.method if isinstance(self.against, Side) else None]
        if self.unit == "sample" and any(isinstance(side, MeanOf) for side in sides):
            raise ValueError("mean_of averages whole runs: use unit 'seed'")
        if self.share < 1 and self.rule != "every":
            raise ValueError("share belongs to rule 'every'")
        if self.direction == "equal" and self.rule == "interval" and self.margin == 0:
            raise ValueError("no interval fits into a margin of 0: give a margin, or test equality by rule 'every'")
        if not self.paired and (self.unit == "seed" or isinstance(self.against, float)):
            raise ValueError("paired: false compares two groups of samples: it needs unit 'sample' and two sides")
        if isinstance(self.against, Side):
            given = {key: value for key in Side.model_fields if (value := getattr(self.against, key)) is not None}
            first = {"method": self.method, "split": self.split, "metric": self.metric}
            first |= {"dataset": self.datasets[0]} if len(self.datasets) == 1 else {}
            if all(first.get(key) == value for key, value in given.items()):
                raise ValueError("against: both sides are the same; name another method, split, metric or data set")
        return self


def methods_of(method: str | BestOf | MeanOf) -> list[str]:
    """The methods that one side of a comparison names."""
    if isinstance(method, str):
        return [method]
    return method.best_of if isinstance(method, BestOf) else method.mean_of


class Claim(Strict):
    """One claim of the paper, or of this suite, and how it is tested. All comparisons must hold."""

    id: str = Field(description="short name, unique in the paper, such as C1")
    title: str = Field(description="a few words for tables")
    statement: str = Field(description="the claim in our words")
    source: str = Field(description="where in the paper: table, figure, section; or 'ours'")
    ours: bool = Field(False, description="a statement this suite adds; the paper does not make it")
    comparisons: list[Comparison] = Field([], description="what must hold, all of it")
    minimum_seeds: int = Field(1, ge=1, description="seeds per data set below which there is no verdict")
    not_tested: str | None = Field(None, description="why it is not tested at all")
    note: str = Field("", description="shown beside the verdict")

    @model_validator(mode="after")
    def _testable_or_said_why(self) -> Self:
        if bool(self.comparisons) == bool(self.not_tested):
            raise ValueError("a claim needs either comparisons or not_tested, and not both")
        return self
