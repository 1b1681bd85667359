"""The repository's alternative end model: a perceptron on balanced batches (card 3.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from tenfold.papers.leiad.settings import EndModelSettings

HELD_OUT = 0.2
"""Share of the labelled points on which training is watched."""
PATIENCE = 5
"""Rises of the validation loss after which training stops."""
INITIAL_SPREAD = 0.2


Layers = tuple[nn.Linear, nn.Linear, nn.Linear]


class Perceptron:
    """F - F (ReLU) - 100, dropout 0.5, ReLU - 2, a sigmoid, and cross-entropy on top, as the repository has it.

    Every fit starts from the same weights and draws the same numbers, so it depends on its rows and labels only.
    """

    def __init__(self, tables: Sequence[np.ndarray], settings: EndModelSettings, seed: int) -> None:
        self._tables = [torch.from_numpy(np.asarray(table, dtype=np.float32)) for table in tables]
        self._settings = settings
        self._seed = seed
        self._network: Layers | None = None

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> None:
        """Train on the points `rows`: batches hold two normal points for each anomaly."""
        settings = self._settings
        generator = torch.Generator().manual_seed(self._seed)
        network = _network(self._tables[0].shape[1], generator)
        optimiser = torch.optim.Adam([p for layer in network for p in layer.parameters()], lr=settings.rate)
        x, y = self._tables[0][torch.from_numpy(rows)], torch.from_numpy(labels.astype(np.int64))
        held = torch.zeros(len(y), dtype=torch.bool)
        held[torch.randperm(len(y), generator=generator)[: int(HELD_OUT * len(y))]] = True
        learnt = ~held if all(((y == k) & ~held).any() for k in (0, 1)) else torch.ones_like(held)
        best, rises, dropout = float("inf"), 0, torch.Generator().manual_seed(self._seed)
        for _ in range(settings.epochs):
            for batch in _balanced(y, learnt, settings.batch, generator):
                optimiser.zero_grad()
                nn.functional.cross_entropy(_forward(network, x[batch], dropout), y[batch]).backward()
                optimiser.step()
            if held.any():
                with torch.no_grad():
                    loss = float(nn.functional.cross_entropy(_forward(network, x[held]), y[held]))
                rises = rises + 1 if loss > best else 0
                best = min(best, loss)
            if rises >= PATIENCE:
                break
        self._network = network

    @torch.no_grad()
    def scores(self, count: int | None = None) -> list[np.ndarray]:
        """Softmax probability of an anomaly for every point of the first `count` tables."""
        if self._network is None:
            raise ValueError("the end model has not been fitted yet")
        return [_forward(self._network, table).softmax(1)[:, 1].double().numpy() for table in self._tables[:count]]


def _network(inputs: int, generator: torch.Generator) -> Layers:
    """Three linear layers with weights from N(0, 0.2) and biases 0."""
    layers = nn.Linear(inputs, inputs), nn.Linear(inputs, 100), nn.Linear(100, 2)
    with torch.no_grad():
        for layer in layers:
            layer.weight.normal_(0.0, INITIAL_SPREAD, generator=generator)
            layer.bias.zero_()
    return layers


def _forward(network: Layers, x: Tensor, dropout: torch.Generator | None = None) -> Tensor:
    """Sigmoid outputs (n, 2), which take the place of logits; with a generator half of the hidden units are dropped."""
    first, second, last = network
    hidden = second(first(x).relu())
    if dropout is not None:
        hidden = hidden * (torch.rand(hidden.shape, generator=dropout) < 0.5) / 0.5
    return last(hidden.relu()).sigmoid()


def _balanced(y: Tensor, learnt: Tensor, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Places of an epoch's batches: every normal point once, with anomalies drawn anew for half their number."""
    normal, anomalous = (torch.nonzero((y == k) & learnt).ravel() for k in (0, 1))
    normal = normal[torch.randperm(len(normal), generator=generator)]
    for chosen in normal.split(2 * batch // 3):
        drawn = torch.randint(len(anomalous), ((len(chosen) + 1) // 2,), generator=generator)
        yield torch.cat([chosen, anomalous[drawn]])
