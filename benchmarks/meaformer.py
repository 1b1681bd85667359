"""What an epoch of MEAformer costs, in CPU seconds of one core and in memory, beside a plain computation of the same.

    OMP_NUM_THREADS=1 python benchmarks/meaformer.py [--graph folder of dbp15k-zh-en-names] [--dimension 300]

Three parts: an epoch at the size of DBP15K ZH-EN; epochs of growing pairs beside a plain implementation of what the
published code computes; ranking of 10,500 test links by CSLS. Features are random with the widths of DBP15K's; without
`--graph` the triples are random, too, with the same counts. The plain implementation puts all N entities through
encoders and transformer at each step, and its attention has the gradient of the published code: a product of size
N x N for each head and layer, of which the edges are picked. Losses are written with autograd. A test compares both.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, elu, leaky_relu, normalize

from tenfold.data.readers.knowledge_graphs import tables
from tenfold.metrics.alignment import partner_ranks
from tenfold.papers.meaformer.fusion import entity_weights, joint_embedding
from tenfold.papers.meaformer.graph_attention import Edges
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.settings import Optimization, Train
from tenfold.papers.meaformer.stepping import Stepper

WIDTHS = {"relation": 1000, "attribute": 1000, "vision": 2048}
MODALITIES = ("graph", *WIDTHS)
ZH_EN = {"entities": 38_960, "triples": 165_556, "links": 4_500}
TEST_LINKS = 10_500


class DenseProduct(torch.autograd.Function):
    """A sparse matrix times x, with the gradient of its values from a product of size N x N."""

    @staticmethod
    def forward(ctx: Any, index: torch.Tensor, values: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        matrix = torch.sparse_coo_tensor(index, values, (len(x), len(x)), check_invariants=False)
        ctx.save_for_backward(index, values, x)
        return matrix @ x

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[None, torch.Tensor, torch.Tensor]:
        index, values, x = ctx.saved_tensors
        everything = gradient @ x.T  # N x N
        transposed = torch.sparse_coo_tensor(index.flip(0), values, (len(x), len(x)), check_invariants=False)
        return None, everything[index[0], index[1]], transposed @ gradient


class Plain:
    """The computation of the published code with the parameters of a model of ours."""

    def __init__(self, model: MEAformer, features: dict[str, torch.Tensor], edges: Edges) -> None:
        self.model, self.features = model, features
        self.index = torch.stack([edges.rows, edges.columns])

    def loss(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Loss of a batch of links, by way of all entities."""
        model = self.model
        found = {name: layer(self.features[name]) for name, layer in model.encoders.features.linear.items()}
        found["graph"] = self._graph()
        early = torch.stack([found[name] for name in model.modalities], dim=1)
        late, attention = model.transformer(early)
        joint = joint_embedding(early, entity_weights(attention))
        total = self._contrastive(joint, left, right)
        for tokens in (early, late):
            losses = [self._contrastive(tokens[:, place], left, right) for place in range(tokens.shape[1])]
            total = total + model.uncertainty(torch.stack(losses))
        return total

    def _graph(self) -> torch.Tensor:
        x = self.model.encoders.graph.inputs
        for number, layer in enumerate(self.model.encoders.graph.layers):
            heads = []
            for w, a in zip(layer.scale, layer.attention, strict=True):
                z = (elu(x) if number else x) * w
                pairs = torch.cat([z[self.index[0]], z[self.index[1]]], dim=1)
                values = torch.exp(-leaky_relu(pairs @ a.flatten(), 0.2))
                ones = torch.ones(len(z), 1)
                sums = DenseProduct.apply(self.index, values, ones)
                heads.append(DenseProduct.apply(self.index, values, z) / sums)
            x = torch.stack(heads).mean(0)
        return x

    def _contrastive(self, values: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        z = normalize(values, dim=-1)
        first, second = z[left], z[right]
        itself, labels = torch.eye(len(first)) * 1e9, torch.arange(len(first))
        total = first.new_zeros(())
        for own, other in ((first, second), (second, first)):
            logits = torch.cat([own @ other.T, own @ own.T - itself], dim=1) / self.model.settings.temperature
            total = total + 0.5 * cross_entropy(logits, labels)
        return total


def features_of(entities: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.rand(entities, width, generator=generator) for name, width in WIDTHS.items()}


def random_edges(entities: int, triples: int) -> Edges:
    """Popular entities follow Zipf's law."""
    rng = np.random.default_rng(0)
    ends = np.minimum((entities ** rng.random((2, triples))).astype(np.int64) - 1, entities - 1)
    heads, tails = torch.from_numpy(rng.permutation(entities)[ends])
    return Edges.from_triples(heads, tails, entities)


def model_of(features: dict[str, torch.Tensor], edges: Edges, dimension: int, **changes: Any) -> MEAformer:
    torch.manual_seed(0)
    return MEAformer(Train(dimension=dimension, **changes), features, edges, MODALITIES)


def memory_mb() -> int:
    """Highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def epoch_at_full_size(edges: Edges, dimension: int) -> None:
    """Two unequal batches, 3500 and 1000 links."""
    features = features_of(edges.height)
    for name, changes in (("MEAformer", {}), ("KG-level weights", {"weights": "kg", "late_loss": False})):
        model = model_of(features, edges, dimension, **changes)
        stepper = Stepper(model, Optimization(), 100)
        order = torch.randperm(edges.height, generator=torch.Generator().manual_seed(1))[: 2 * ZH_EN["links"]]
        left, right = order.view(2, -1)
        for _ in range(2):
            started, cpu = time.perf_counter(), time.process_time()
            for chosen in (slice(0, 3500), slice(3500, None)):
                loss = model.loss(model.batch(left[chosen], right[chosen]), torch.Generator())
                stepper.step(loss)
            taken = time.process_time() - cpu, time.perf_counter() - started
        print(
            f"{name:>17}: {edges.height:,} entities, {len(edges.columns):,} edges, d = {dimension}: an epoch takes"
            f" {taken[0]:.1f} CPU s ({taken[1]:.1f} s on the clock, {torch.get_num_threads()} threads);"
            f" {model.parameter_count():,} parameters, at most {memory_mb():,} MB so far"
        )


def growth(dimension: int, sizes: tuple[int, ...] = (1000, 2000, 4000, 8000)) -> None:
    """Steps of both implementations; links are 3/26 of the entities, triples four for each, as in ZH-EN."""
    for entities in sizes:
        edges, features = random_edges(entities, 4 * entities), features_of(entities)
        model = model_of(features, edges, dimension)
        plain = Plain(model, features, edges)
        left, right = torch.randperm(entities)[: 2 * (3 * entities // 26)].view(2, -1)
        taken = {}
        for name, loss in (
            ("ours", lambda: model.loss(model.batch(left, right), torch.Generator())),  # noqa: B023
            ("plain", lambda: plain.loss(left, right)),  # noqa: B023
        ):
            times = []
            for _ in range(3):
                cpu = time.process_time()
                model.zero_grad()
                loss().backward()
                times.append(time.process_time() - cpu)
            taken[name] = min(times[1:])
        print(
            f"N = {entities:6,d}: {taken['ours']:6.2f} s a step, plain {taken['plain']:7.2f} s"
            f" ({taken['plain'] / taken['ours']:5.1f} times); its N x N product alone: {4 * entities**2 / 1e6:,.0f} MB"
        )


def evaluation(dimension: int) -> None:
    """All ranks of both directions."""
    left, right = normalize(torch.randn(2, TEST_LINKS, len(MODALITIES) * dimension), dim=-1)
    started, cpu = time.perf_counter(), time.process_time()
    partner_ranks(left, right, csls_neighbours=3)
    print(
        f"ranking {TEST_LINKS:,} x {TEST_LINKS:,} by CSLS, width {left.shape[1]:,}:"
        f" {time.process_time() - cpu:.1f} CPU s, {time.perf_counter() - started:.1f} s on the clock"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", type=Path, help="folder of the raw data set dbp15k-zh-en-names")
    parser.add_argument("--dimension", type=int, default=300)
    arguments = parser.parse_args()
    if arguments.graph:
        pair = tables(arguments.graph)
        triples = torch.from_numpy(pair.triples)
        edges = Edges.from_triples(triples[:, 0], triples[:, 2], pair.entities)
    else:
        edges = random_edges(ZH_EN["entities"], ZH_EN["triples"])
    epoch_at_full_size(edges, arguments.dimension)
    evaluation(arguments.dimension)
    growth(arguments.dimension)


if __name__ == "__main__":
    main()
