"""Settings of the MEAformer paper: what `config/papers/meaformer.yaml` may say under `prepare` and for training."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenfold.settings import Strict

Family = Literal["meaformer", "eva", "mclea", "msnea", "gcn-align"]
ModalityName = Literal["graph", "relation", "attribute", "vision", "name", "char"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Prepare(Strict):
    """How a raw pair of knowledge graphs becomes the one that is studied."""

    links: int | None = Field(
        None, ge=20, description="keep so many links, their entities and the neighbours of these; null: everything"
    )
    bag_size: int = Field(1000, ge=1, description="relations and attribute types that are counted, the most frequent")
    permuted_pictures: float = Field(
        0.0, ge=0, le=1, description="share of linked entities, in each graph, whose pictures change places among them"
    )


class GraphSettings(Strict):
    """The graph encoder."""

    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1, description="attention only")
    widths: list[int] | None = Field(None, description="EVA: input, hidden and output width; null: d for all of them")


class Transformer(Strict):
    """The cross-modal block."""

    layers: int = Field(1, ge=1)
    heads: int = Field(1, ge=1, description="N_h")
    inner: int | None = Field(400, ge=1, description="width of the feed-forward part; null: without (FB15K pairs)")
    dropout: float = Field(0.1, ge=0, lt=1)


class Optimization(Strict):
    """AdamW with linear warm-up and a cosine schedule, step by step."""

    epochs: int = Field(250, ge=1)
    batch: int = Field(3500, ge=2, description="links of a batch; the last one of an epoch may be smaller")
    learning_rate: float = Field(5e-4, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    warm_up: float = Field(0.15, ge=0, lt=1, description="share of all steps")
    clip: float | None = Field(1.0, gt=0, description="largest norm of the gradient; null: not clipped")


class Iteration(Strict):
    """Second stage: mutual nearest neighbours become training links."""

    epochs: int = Field(500, ge=1, description="of the second stage, after those of the first")
    step: int = Field(5, ge=1, description="epochs between two looks for neighbours; every tenth look promotes")
    learning_rate_divisor: float = Field(5.0, ge=1)
    schedule_factor: float = Field(3.0, ge=1, description="length of the new schedule, in lengths of the second stage")


class Pivot(Strict):
    """Unsupervised: training links are the most similar pairs of one modality's features."""

    modality: Literal["vision", "name", "char"] = "vision"
    count: int = Field(1000, ge=10, description="links")
    considered: int = Field(100, ge=1, description="so many similarities for each link are looked at")


class Split(Strict):
    """Which links are trained on, validated with and tested."""

    shares: list[Share] = Field(
        [0.3], min_length=1, description="of the links, for training and validation; one run each"
    )
    validation: float = Field(0.1, ge=0, lt=1, description="of the training links, held out to choose an epoch")


class NCA(Strict):
    """EVA's loss."""

    alpha: float = Field(15.0, gt=0)
    graph_alpha: float = Field(5.0, gt=0)
    beta: float = Field(10.0, gt=0)


class Alignment(Strict):
    """MCLEA's alignment of each modality with the joint embedding."""

    temperature: float = Field(4.0, gt=0)
    zoom: float = Field(0.1, ge=0)


class Margin(Strict):
    """Losses with a margin: GCN-Align and MSNEA."""

    gcn_align: float = Field(3.0, gt=0, description="gamma, on L1 distances")
    negatives: int = Field(5, ge=1, description="GCN-Align: for each link and side")
    triples: float = Field(1.0, gt=0, description="MSNEA: of true against corrupted triples")
    pairs: float = Field(2.0, gt=0, description="MSNEA: of the contrastive loss")
    triple_batch: int = Field(5000, ge=1, description="MSNEA: triples of a step")


class Train(Strict):
    """Settings of one method."""

    family: Family = Field("meaformer", description="meaformer and its ablations, or a baseline")
    modalities: list[ModalityName] = Field(
        ["graph", "relation", "attribute", "vision"],
        min_length=1,
        description="those that the data has not are left out",
    )
    dimension: int = Field(300, ge=1, description="d")
    feature_dimension: int | None = Field(None, ge=1, description="MCLEA, EVA: width of the other encoders; null: d")
    weights: Literal["entity", "kg", "uniform"] = Field("entity", description="of modalities in the joint embedding")
    intra_loss: bool = Field(True, description="the second term, on the encoders' outputs")
    late_loss: bool = Field(True, description="the third term, on the transformer's outputs")
    confidence: bool = Field(False, description="weigh a pair's modality losses by min(w_m(e1), w_m(e2))")
    replay: bool = Field(False, description="hard entity replay")
    temperature: float = Field(0.1, ge=0.025, description="tau")
    csls_neighbours: int = Field(3, ge=1, description="k of CSLS")
    evaluate_every: int = Field(5, ge=1, description="epochs; the last one always")
    keep_weights: bool = Field(False, description="keep weights and attention of test entities for figures")
    compared_with: bool = Field(False, description="keep the ranks of the run under `after`, for gains over it")
    graph: GraphSettings = GraphSettings()
    transformer: Transformer = Transformer()
    optimization: Optimization = Optimization()
    iteration: Iteration | None = None
    pivot: Pivot | None = None
    split: Split = Split()
    nca: NCA = NCA()
    alignment: Alignment = Alignment()
    margin: Margin = Margin()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.family == "meaformer" and self.dimension % self.transformer.heads:
            raise ValueError(f"transformer.heads: {self.dimension} dimensions cannot be shared by that many heads")
        if (self.replay or self.confidence) and self.family != "meaformer":
            raise ValueError("replay and confidence belong to family meaformer")
        if self.family == "msnea" and "graph" not in self.modalities:
            raise ValueError("modalities: MSNEA needs the graph")
        return self
