"""Settings of the interactive loop and of the methods; those of data and TS2Vec are in their own modules."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.papers.leiad.preparation_settings import Prepare
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.settings import Strict

__all__ = ["LoopSettings", "Prepare", "Train"]

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class LabelModelSettings(Strict):
    """Matrix completion in the manner of Snorkel's MeTaL (card 3.5)."""

    anomaly_share: float = Field(0.01, gt=0, lt=1, description="class balance p(y = 1)")
    steps: int = Field(200, ge=1, description="steps of Adam")
    rate: Positive = Field(1e-3, description="learning rate")
    precision: Share = Field(0.7, description="P(y = vote) of every labelling function before the first step")
    start: float = Field(
        0.6964691855978616,
        gt=0,
        le=1,
        description="u, by which all start values are multiplied; NumPy's first number of the authors' seed 123",
    )


class PseudoLabelSettings(Strict):
    """How many points the end model learns from (card 3.6)."""

    anomaly_percentage: float = Field(1.0, gt=0, le=50, description="A, percent; 100 / A normal points per anomaly")
    least_share: Positive = Field(0.1, description="the least share of pseudo-anomalies, as a share of A percent")


class GenerationSettings(Strict):
    """Labelling functions made from what the user marked (card 3.10)."""

    representation: Literal["fixed", "published", "none"] = Field(
        "fixed", description="TS2Vec LF: both sides of the distance normalised; as coded, one; no such LF"
    )
    statistics: bool = Field(True, description="append the statistics LF")
    deviations: Positive = Field(8.0, description="standard deviations beyond the mean from which an LF votes")
    anchors: int = Field(100, ge=1, description="at most so many of a window's anomalous points are looked at")
    gold_model_every: int = Field(5, ge=0, description="iterations between two LFs of the gold-only model; 0: none")
    window_votes: bool = Field(False, description="one LF per iteration that holds the shown window's labels only")


class QuerySettings(Strict):
    """Which window is shown next (card 3.8)."""

    strategy: Literal["leiad", "random", "uncertainty", "most-anomalous", "committee"] = "leiad"
    weights: tuple[float, float, float, float, float] = Field(
        (1.0, 0.5, 0.5, 1.0, 0.2), description="disagreement, abstention, uncertainty, diversity, prior suspicion"
    )
    listed: int = Field(5, ge=1, description="points of a query list; it is left at the first window with an anomaly")
    reach: int = Field(200, ge=1, description="a window is [t - reach, t + reach), clipped to the series")


class EndModelSettings(Strict):
    """The end model (card 3.7)."""

    kind: Literal["trees", "network"] = Field("trees", description="LightGBM, or the repository's perceptron")
    leaves: int = Field(200, ge=2, description="trees: leaves of each")
    rounds: int = Field(100, ge=1, description="trees: their number")
    bins: int = Field(255, ge=2, description="trees: values told apart of each input")
    epochs: int = Field(50, ge=1, description="network")
    batch: int = Field(512, ge=3, description="network: two normal points for each anomaly")
    rate: Positive = Field(1e-3, description="network: learning rate of Adam")


class OracleSettings(Strict):
    """The simulated user (card 3.11)."""

    kind: Literal["perfect", "noisy", "coarse"] = "perfect"
    miss: Share = Field(0.1, description="noisy: probability that a run of anomalies is overlooked")
    invent: Share = Field(0.05, description="noisy: probability of a false run in a stretch of a series")
    stretch: int = Field(400, ge=1, description="noisy: points of a stretch, as many as a window has")
    jitter: int = Field(5, ge=0, description="coarse: points by which either end of a run may be off")


class LoopSettings(Strict):
    """The interactive loop."""

    labels: Literal["weak", "gold"] = Field(
        "weak", description="what the end model learns from: pseudo-labels and the user's labels, or the latter alone"
    )
    budget: int | None = Field(None, ge=1, description="interactions (shown windows) after which it ends; null: never")
    detectors: bool = Field(
        True,
        description="initial LFs of the detectors; without, TS2Vec's alone, generated votes are checked by the "
        "label model, and no point is suspected in advance",
    )
    initial: tuple[float, float] = Field(
        (0.05, 0.95), description="initial LFs: a pooled score below is normal, above an anomaly (card 3.4)"
    )
    label_model: LabelModelSettings = LabelModelSettings()
    pseudo_labels: PseudoLabelSettings = PseudoLabelSettings()
    generation: GenerationSettings = GenerationSettings()
    query: QuerySettings = QuerySettings()
    end_model: EndModelSettings = EndModelSettings()


class Train(Strict):
    """Settings of one method."""

    task: Literal["represent", "detector", "supervised", "loop", "gold-replay", "votes-replay"] = Field(
        "loop",
        description="represent: TS2Vec; detector: its scores; supervised: all true labels; loop: interactive; "
        "gold-replay, votes-replay: the windows of a finished loop again, without pseudo-labels, without an end model",
    )
    detector: str | None = Field(None, description="task detector: which one")
    combine: Literal["snorkel", "majority", "flyingsquid"] = Field(
        "snorkel", description="task votes-replay: what makes one score of the votes"
    )
    loop: LoopSettings = LoopSettings()
    oracle: OracleSettings = OracleSettings()
    ts2vec: TS2VecSettings = TS2VecSettings()

    @model_validator(mode="after")
    def _detector_is_named(self) -> Self:
        if (self.task == "detector") != (self.detector is not None):
            raise ValueError("detector: name one for task detector, and for no other task")
        return self
