"""Settings of the TiCoSeRec paper: what `config/papers/ticoserec.yaml` may say under `prepare` and for training."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Position = Literal["smallest", "largest", "random"]
OperatorName = Literal["crop", "mask", "reorder", "substitute", "insert"]
Algorithm = Literal[
    "popularity",
    "cooccurrence",
    "bpr-mf",
    "gru4rec",
    "caser",
    "tisasrec",
    "bert4rec",
    "sasrec-softmax",
    "sasrec-warmup",
    "sasrec",
    "contrastive",
    "variants",
    "s3rec",
    "duorec",
    "iclrec",
    "halves-cooccurrence",
    "halves-sasrec",
    "views",
]
HalfName = Literal[
    "uniform-users",
    "nonuniform-users",
    "random-a",
    "random-b",
    "uniform-interactions",
    "nonuniform-interactions",
    "uniform-matched",
    "nonuniform-matched",
]


class Prepare(Strict):
    """How a raw data set becomes sequences."""

    core: int = Field(0, ge=0, description="users and items with fewer interactions are removed, again and again")


class Encoder(Strict):
    """The SASRec encoder."""

    dimension: int = Field(128, ge=1, description="size d of item vectors; a multiple of heads")
    layers: int = Field(2, ge=1, description="Transformer layers")
    heads: int = Field(2, ge=1, description="attention heads")
    inner: int = Field(256, ge=1, description="hidden size of the feed-forward part")
    max_length: int = Field(50, ge=1, description="L: the last so many items of a sequence are seen")
    hidden_dropout: float = Field(0.5, ge=0, lt=1, description="after embedding, attention and feed-forward part")
    attention_dropout: float = Field(0.2, ge=0, lt=1, description="of attention weights")
    initial_std: float = Field(0.02, gt=0, description="standard deviation of initial weights")


class Optimization(Strict):
    """Gradient descent and model selection."""

    warmup_epochs: int = Field(40, ge=0, description="first epochs, without contrast, shared by all methods of a seed")
    epochs: int = Field(350, ge=1, description="last epoch, counted from the start of the warm-up")
    batch_size: int = Field(128, ge=1, description="users per step")
    learning_rate: float = Field(1e-3, gt=0, description="Adam's step size")
    weight_decay: float = Field(0.0, ge=0, description="L2 penalty inside Adam")
    validate_every: int = Field(1, ge=1, description="epochs between validations (NDCG@20)")
    patience: int | None = Field(None, ge=1, description="stop after so many epochs without a better validation")


class Operator(Strict):
    """One augmentation operator."""

    rate: float = Field(gt=0, lt=1, description="share of the sequence's length that it acts on")
    at: Position = Field(description="of window variances (crop, reorder) or gaps (mask, substitute, insert)")


class Views(Strict):
    """The control strategy and the operators' rates and positions."""

    crop: Operator = Operator(rate=0.7, at="smallest")
    mask: Operator = Operator(rate=0.5, at="random")
    reorder: Operator = Operator(rate=0.2, at="smallest")
    substitute: Operator = Operator(rate=0.1, at="smallest")
    insert: Operator = Operator(rate=0.5, at="largest")
    short_length: int = Field(12, ge=0, description="K: sequences up to this length use the operators of `short`")
    short: list[OperatorName] = Field(["substitute", "insert", "mask"], min_length=1, description="for N <= K")
    long: list[OperatorName] = Field(
        ["crop", "mask", "reorder", "substitute", "insert"], min_length=1, description="for N > K"
    )
    keep_uniform: float = Field(0.15, ge=0, le=1, description="sigma: share of the most uniform users left as they are")
    kept_users: Literal["most-uniform", "published-code"] = Field(
        "most-uniform", description="the code compares ids of the most uniform users with numbers of ranked rows (P1)"
    )
    window_intervals: Literal["inside", "published-code"] = Field(
        "inside", description="intervals that make a window's variance: all inside it, or without its last (P2)"
    )
    hybrid_after: int | None = Field(
        None, ge=0, description="epoch after which items similar by their vectors count, too; null: never"
    )
    hybrid_prefers: Literal["similar", "published-code"] = Field(
        "similar", description="the code normalises similarities upside down, so that dissimilar items win (P3)"
    )


class Contrast(Strict):
    """The contrastive term."""

    weight: float = Field(0.1, ge=0, description="lambda")
    temperature: float = Field(1.0, gt=0, description="tau")
    normalize: bool = Field(False, description="divide the flattened outputs by their length (the code does not)")
    padding: Literal["zero", "published-code"] = Field(
        "zero", description="flattened outputs at padded and masked positions: zero, or as the code computes them (P8)"
    )


class Pretraining(Strict):
    """Pre-training of S3-Rec."""

    epochs: int = Field(100, ge=1, description="before the first epoch of SASRec's own loss")
    segment_weight: float = Field(0.5, ge=0, description="weight of segment prediction; masked items count 1")


class Intents(Strict):
    """Intents of ICLRec."""

    count: int = Field(256, ge=1, description="K: clusters of users, at most as many as there are users")
    iterations: int = Field(20, ge=1, description="steps of k-means in each epoch")
    weight: float = Field(0.1, ge=0, description="of the contrast with intents; that of views has contrast.weight")


class CoOccurrence(Strict):
    """The co-occurrence model."""

    window: int = Field(5, ge=1, description="two items of a user count as a pair up to this distance")
    backward: float = Field(0.5, ge=0, description="weight of a pair read backwards; forwards it is 1")
    history: int = Field(10, ge=1, description="the last so many items of a history vote")


class Caser(Strict):
    """Convolutions of Caser."""

    window: int = Field(5, ge=1, description="items that form an image")
    horizontal: int = Field(16, ge=1, description="filters of each height 1..window")
    vertical: int = Field(4, ge=1, description="filters over a column")


class Train(Strict):
    """Settings of one method."""

    algorithm: Algorithm = Field(description="what is trained or measured: an entry of the registry in methods/")
    encoder: Encoder = Encoder()
    optimization: Optimization = Optimization()
    views: Views = Views()
    contrast: Contrast = Contrast()
    cooccurrence: CoOccurrence = CoOccurrence()
    caser: Caser = Caser()
    largest_interval: int = Field(256, ge=1, description="TiSASRec: intervals are clipped here, in a user's own unit")
    masked_share: float = Field(0.2, gt=0, lt=1, description="BERT4Rec, S3-Rec: probability that an item is masked")
    pretraining: Pretraining = Pretraining()
    intents: Intents = Intents()
    halves: list[HalfName] = Field([], description="the study of halves: on which of them a model is trained")
    variants: dict[str, dict[str, Any]] = Field(
        {}, description="a study of variants: name (the split of its results) -> settings that differ"
    )

    @model_validator(mode="after")
    def _variants_are_settings(self) -> Self:
        for name in self.variants:
            self.variant(name)
        return self

    def variant(self, name: str) -> Train:
        """The settings of one variant: these, with its changes merged in."""
        return Train.model_validate(_merged(self.model_dump(exclude={"variants"}), self.variants[name]))


def _merged(below: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`changes` on top; nested mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(below.get(key), dict)
        merged[key] = _merged(below[key], value) if nested else value
    return merged
