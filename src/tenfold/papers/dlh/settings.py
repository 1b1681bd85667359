"""Settings of the dlh paper: what `config/papers/dlh.yaml` may say under `prepare` and for training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Size = Annotated[int, Field(ge=1)]


# ------------------------------------------------------------------------------------------------------ prepare


class MovingBall(Strict):
    """A ball that changes colour where it bounces, or by chance (`data/generators/moving_ball.py`)."""

    kind: Literal["moving-ball"]
    side: int = Field(16, ge=8, description="pixels")
    radius: Positive = Field(3.0, description="pixels")
    speed: Positive = Field(1.5, description="pixels a frame")
    jump: Share = Field(0.0, description="lambda, chance of a random colour in a frame without a bounce")


class MovingDigits(Strict):
    """Two real digits that bounce (`data/generators/moving_digits.py`); the pools of digits of the parts differ."""

    kind: Literal["moving-digits"]
    side: int = Field(64, ge=16, description="pixels")
    digit_side: Literal[28, 14] = Field(28, description="pixels; 14: means of 2 x 2")
    speeds: tuple[Positive, Positive] = Field((2.0, 5.0), description="pixels a frame")
    validation_share: float = Field(0.1, gt=0, lt=1, description="of the training digits")


class MazeWalks(Strict):
    """Walks through mazes in first person (`data/generators/maze_walks.py`)."""

    kind: Literal["maze-walks"]
    side: int = Field(64, ge=8, description="pixels")
    cells: int = Field(7, ge=2, description="of a maze along each side")


class Windows(Strict):
    """Squares cut out of a film, which is split in time: for cameras that do not move."""

    size: int = Field(192, ge=8, description="pixels")
    step: int = Field(96, ge=1, description="pixels between two squares")
    train: tuple[int, int] = Field((0, 520), description="first frame, and the one after the last")
    validation: tuple[int, int] = (540, 600)
    test: tuple[int, int] = (640, 795)


class RealVideos(Strict):
    """Published videos (`data/readers/clips.py`): whole frames made square, or windows of them."""

    kind: Literal["videos"]
    side: int = Field(64, ge=8, description="pixels after resizing")
    colours: Literal["grey", "colour"] = "grey"
    windows: Windows | None = Field(None, description="null: whole frames, split by the publisher's parts")
    motion: float = Field(0.0, ge=0, le=1, description="least mean absolute frame difference of a sequence")
    train_every: int = Field(20, ge=1, description="frames between the starts of two training sequences of a clip")
    validation_share: float = Field(0.1, gt=0, lt=1, description="of the groups (persons, clips) of the training part")


class Prepare(Strict):
    """Which videos, how many and how long."""

    scene: MovingBall | MovingDigits | MazeWalks | RealVideos = Field(discriminator="kind")
    train: int = Field(0, ge=0, description="stored training sequences; 0: generated afresh for every update")
    validation: int = Field(100, ge=1, description="sequences, at most")
    test: int = Field(200, ge=1, description="sequences, at most")
    length: int = Field(20, ge=2, description="frames of a stored training sequence")
    test_length: int = Field(40, ge=2, description="frames of a validation or test sequence")

    @model_validator(mode="after")
    def _real_videos_are_stored(self) -> Self:
        if self.train == 0 and isinstance(self.scene, RealVideos):
            raise ValueError("train: real videos cannot be generated afresh; say how many sequences to store")
        return self


# ----------------------------------------------------------------------------------------------------- training


class Images(Strict):
    """Encoder and decoder of frames, the same for all models."""

    hidden: Size = Field(256, description="dense: units of the one hidden layer")
    channels: list[Size] | None = Field(None, description="convolutional: channels of each layer; null: dense")


class Levels(Strict):
    """Sizes of the latent hierarchy; lists name level 1 first, and their last entry holds for all levels above."""

    count: Size = Field(2, description="N")
    stochastic: list[Size] = Field([8, 3], min_length=1, description="size of s^n")
    deterministic: list[Size] = Field([128, 64], min_length=1, description="size of d^n, the state of the GRU")
    features: Size = Field(64, description="size of x^n and c^n")
    hidden: Size = Field(128, description="units of the hidden layer of each multilayer perceptron")
    smallest_deviation: Positive = Field(0.01, description="added to every standard deviation")

    def stochastic_at(self, level: int) -> int:
        """Size of s^n; levels count from 1."""
        return self.stochastic[min(level, len(self.stochastic)) - 1]

    def deterministic_at(self, level: int) -> int:
        """Size of d^n; levels count from 1."""
        return self.deterministic[min(level, len(self.deterministic)) - 1]


class Hierarchy(Strict):
    """How DLH decides which levels change."""

    assignment: Literal["hard", "vade"] = Field("hard", description="q(e): Eqs. 3-4, or the soft one of VaDE")
    nested: bool = Field(True, description="Eq. 5: no inference above a level that did not change")
    static_gradient: bool = Field(True, description="the static KL also moves the previous posterior")
    ticks: Literal["events", "examined"] = Field("events", description="when d^n moves on, for n >= 2")
    factor_sees_below: bool = Field(True, description="p(e^n) also sees d^(n-1), a widening of Eq. 1")


class Clockwork(Strict):
    """CW-VAE's rates, and its sizes where they differ from those of DLH, so that both have as many parameters."""

    factor: int = Field(4, ge=2, description="k: level n ticks every k^(n-1) frames")
    stochastic: list[Size] = Field([8], min_length=1, description="in place of levels.stochastic")
    hidden: Size = Field(96, description="in place of levels.hidden")


class Single(Strict):
    """The recurrent state-space model is DLH with one level; its size where it differs."""

    deterministic: Size = Field(224, description="size of its recurrent state")


class Segments(Strict):
    """VTA's segments, and its sizes where they differ from those of DLH, so that both have as many parameters."""

    deterministic: list[Size] = Field([96, 48], min_length=2, description="in place of levels.deterministic")

    longest: int = Field(10, ge=1, description="frames after which the prior ends a segment")
    most: int | None = Field(5, ge=1, description="segments after which the prior starts no other; null: no limit")
    layers: Size = Field(2, description="hidden 1-D convolutions of the boundary detector")
    first_temperature: Positive = Field(1.0, description="of the relaxed boundaries at the start of the training")
    temperature: Positive = Field(0.1, description="the one it falls to, geometrically")

    def temperature_at(self, done: float) -> float:
        """At a share of the training."""
        return self.first_temperature * (self.temperature / self.first_temperature) ** done


class MotionMemory(Strict):
    """LMC-Memory: a ConvLSTM that recalls motion contexts from an external memory."""

    channels: Size = Field(32, description="of the ConvLSTM and of the decoder's last layers")
    layers: Size = Field(2, description="ConvLSTM cells on top of each other")
    slots: Size = Field(100, description="rows of the memory")
    width: Size = Field(64, description="numbers in a row of the memory")
    short: int = Field(10, ge=2, description="frames that are seen before predicting; they recall from the memory")
    long: int = Field(15, ge=2, description="frames of the long sequence that the memory is trained with")
    warm_up: Share = Field(0.5, description="share of the training in which only the first frames are predicted")
    first_frames: Size = Field(2, description="how many those are")


class Surprise(Strict):
    """VPR's rule for unexpected changes: KL_static > factor x its mean over the last frames."""

    factor: float = Field(2.0, gt=1, description="gamma")
    window: Size = Field(10, description="tau_w, frames")


class Training(Strict):
    """Adam; schedules are given as shares of the updates."""

    updates: Size = 1200
    batch: Size = 32
    length: int = Field(20, ge=2, description="frames of a training sequence")
    learning_rate: Positive = 1e-3
    decay_from: Share = Field(0.5, description="the learning rate is constant up to here, then falls linearly")
    last_rate: Share = Field(0.05, description="share of the learning rate that is left at the end")
    clip: Positive = Field(100.0, description="largest norm of the gradient")
    first_deviation: Positive = Field(0.5, description="standard deviation of the likelihood at the start")
    deviation: Positive = Field(0.1, description="the one it falls to, geometrically")
    deviation_until: Share = Field(2 / 3, description="when it gets there")
    first_divergence: Share = Field(0.3, description="weight of the KL terms at the start; it rises to 1")
    divergence_until: Share = 0.25
    margin: float = Field(5.0, ge=0, description="nats that a change must win by at the start; it falls to 0")
    margin_from: Share = Field(0.0, description="when it begins to fall")
    margin_until: Share = 5 / 6
    log_every: Size = Field(20, description="updates between two rows of the history")


class Measuring(Strict):
    """What is measured after training."""

    context: int = Field(16, ge=1, description="frames that are given")
    horizon: int = Field(24, ge=1, description="frames that are predicted")
    samples: Size = Field(10, description="K, sampled futures of each sequence")
    sequences: Size = Field(48, description="test sequences that are predicted")
    event_sequences: Size = Field(200, description="test sequences on which events are compared with the true ones")
    examples: int = Field(3, ge=0, description="test sequences whose prediction is kept for figures")


class Train(Strict):
    """Settings of one method."""

    model: Literal["dlh", "rssm", "cwvae", "vta", "lmc-memory", "vpr", "copy-last", "mean-frame", "black"] = "dlh"
    images: Images = Images()
    levels: Levels = Levels()
    hierarchy: Hierarchy = Hierarchy()
    clockwork: Clockwork = Clockwork()
    segments: Segments = Segments()
    memory: MotionMemory = MotionMemory()
    surprise: Surprise = Surprise()
    single: Single = Single()
    training: Training = Training()
    measuring: Measuring = Measuring()

    @model_validator(mode="after")
    def _last_block_of_the_context_is_complete(self) -> Self:
        if self.model == "cwvae":
            block = self.clockwork.factor ** (self.levels.count - 1)
            if self.measuring.context % block:
                raise ValueError(
                    f"measuring.context: {self.measuring.context} frames must be a multiple of the {block} frames of "
                    "CW-VAE's slowest level, whose last block would otherwise see the future"
                )
        return self
