"""Settings of TS2Vec."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict


class TS2VecSettings(Strict):
    """Encoder, training, and how representations are taken. The defaults are the authors'."""

    hidden: int = Field(64, ge=1, description="channels of the residual blocks")
    depth: int = Field(10, ge=0, description="residual blocks of dilation 1, 2, 4 .. before the final one")
    output: int = Field(320, ge=1, description="R: length of a representation")
    dropout: float = Field(0.1, ge=0, lt=1, description="of the representations, in training")
    batch: int = Field(1, ge=1, description="series (or windows) in a step")
    window: int | None = Field(None, ge=2, description="points of the windows that are drawn; null: whole series")
    longest: int = Field(3000, ge=2, description="whole series: longer ones are cut at random to so many points")
    epochs: int = Field(5, ge=1, description="whole series: passes over all of them")
    steps: int | None = Field(None, ge=1, description="windows: steps")
    rate: Annotated[float, Field(gt=0)] = Field(1e-3, description="learning rate of AdamW")
    masking: Literal["exact", "windowed"] = Field(
        "exact", description="mask a point in its whole series, or in the window of 2 padding + 1 points around it"
    )
    padding: int = Field(
        200, ge=1, description="windowed: points on either side; 400 for whole curves, 50 for short ones"
    )

    @model_validator(mode="after")
    def _windows_have_steps_and_whole_series_come_alone(self) -> Self:
        if (self.window is None) != (self.steps is None):
            raise ValueError("window and steps belong together: both, or neither for epochs over whole series")
        if self.window is None and self.batch != 1:
            raise ValueError("batch: whole series differ in length, so a step takes one; give a window for more")
        return self
