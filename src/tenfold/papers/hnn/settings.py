"""Settings of the hnn paper: what `config/papers/hnn.yaml` may say under `prepare` and for training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tenfold.settings import Strict

Task = Literal["hyperedges", "nodes", "pairs"]
EncoderName = Literal[
    "hnn", "mlp", "gcn-clique", "hgnn", "hypergcn", "hypergcn-fast", "hnhn", "unignn", "allset"
]  # fmt: skip
Psi = Literal["residual", "gated", "hadamard", "sum", "no-residual", "none"]
Sampler = Literal["uniform", "half-corrupted"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Planted(Strict):
    """A generated hypergraph in which a node's label depends on the hyperedge (claim C3; `roles.py` says how)."""

    anchors: int = Field(100, ge=4, description="nodes that belong to a community, half of them to each")
    actors: int = Field(100, ge=2, multiple_of=2, description="nodes that have a role")
    rounds: int = Field(4, ge=2, multiple_of=2, description="hyperedges of each community that an actor is in")
    anchors_each: int = Field(3, ge=1, description="anchors of a hyperedge; it has two actors as well")
    noise: float = Field(0.1, ge=0, description="standard deviation of noise on the features")


class Prepare(Strict):
    """How a raw hypergraph becomes the one that is studied. Duplicate hyperedges are always merged."""

    smallest: int = Field(2, ge=1, description="hyperedges with fewer nodes are left out")
    largest: int | None = Field(None, ge=2, description="hyperedges with more nodes are left out; null: none")
    drop_uncovered: bool = Field(False, description="leave out nodes that are in no kept hyperedge")
    labelled: int = Field(5, ge=1, description="training nodes a class and seed, where the source publishes no splits")
    planted: Planted | None = Field(None, description="generate this instead of reading raw data")


class HNN(Strict):
    """The layer's terms, the readout and psi (docstrings of `model.py` have the equations)."""

    psi: Psi = Field("residual", description="how z_i and y_e make z_{i|e}; none: one embedding per node")
    self_term: bool = Field(False, description="add Z W_z to the node update")
    simultaneous: bool = Field(False, description="the hyperedge update reads the old node embeddings")
    hop2: bool = Field(False, description="P P instead of P in the node update")
    edge_walk: bool = Field(True, description="the term P_e Y W_y of the hyperedge update")
    cross: bool = Field(True, description="the terms that lead from Y to Z and from Z to Y")
    weighted: bool = Field(False, description="trainable hyperedge weights w_e > 0")
    concat_layers: bool = Field(False, description="read out the embeddings of all layers side by side")


class Optimization(Strict):
    """Full-batch Adam, a fixed number of epochs, no early stopping."""

    learning_rate: float = Field(1e-2, gt=0)
    weight_decay: float = Field(5e-4, ge=0, description="L2 penalty inside Adam")
    decay: Literal["input", "all"] = Field(
        "input", description="which weights decay: those that multiply the features, as in the GCN's code; or all"
    )
    hyperedge_epochs: int = Field(100, ge=1, description="hyperedge prediction")
    node_epochs: int = Field(200, ge=1, description="node classification")
    pair_epochs: int = Field(200, ge=1, description="labels of incidences (claim C3)")


class Hyperedges(Strict):
    """Hyperedge prediction."""

    scorer: Literal["mlp", "cosine"] = Field("mlp", description="d -> d -> 1 on the pool; or mean pairwise cosine")
    pooling: Literal["maxmin", "mean"] = Field("maxmin", description="over the nodes of a set")
    samplers: list[Sampler] = Field(["uniform"], min_length=1, description="one training and test for each")
    supervision: Literal["masked", "unmasked"] = Field(
        "masked", description="masked: each epoch half of the training hyperedges carries messages, half is scored"
    )
    test_share: Share = Field(0.2, description="of the hyperedges")
    train_shares: list[Share] = Field(
        [0.8], min_length=1, description="of the hyperedges; one training and test for each"
    )


class Train(Strict):
    """Settings of one method."""

    encoder: EncoderName = Field("hnn", description="what makes node embeddings")
    tasks: list[Task] = Field(["hyperedges", "nodes"], min_length=1)
    dimension: int = Field(64, ge=1, description="d, width of every layer")
    layers: int = Field(2, ge=1, description="K")
    dropout: float = Field(0.5, ge=0, lt=1, description="before each layer from the second on")
    classifier: Literal["linear", "convolution"] = Field(
        "linear",
        description="convolution: the last layer itself, with its ReLU, gives the classes (as HyperGCN's code)",
    )
    features: Literal["given", "structure"] = Field(
        "given", description="structure: also where features are given; without any it is structure anyway"
    )
    structure_dimension: int = Field(32, ge=1, description="rank of the factor that stands in for features")
    laplacian: float = Field(0.0, ge=0, description="lambda of the penalty tr(Z^T L Z) / N")
    mediators: bool = Field(True, description="HyperGCN: join the other nodes of a hyperedge to its two ends")
    hnhn_alpha: float = Field(0.0, description="exponent of hyperedge sizes in HNHN's node update")
    hnhn_beta: float = Field(0.0, description="exponent of node degrees in HNHN's hyperedge update")
    keep_embeddings: bool = Field(False, description="keep what the figures of z_{i|e} need (first seed)")
    optimization: Optimization = Optimization()
    hnn: HNN = HNN()
    hyperedges: Hyperedges = Hyperedges()
