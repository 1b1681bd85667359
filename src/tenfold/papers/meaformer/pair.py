"""The prepared pair as training reads it: structure, links, and dense features of every modality that is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from tenfold.papers.meaformer.bags import Bag
from tenfold.papers.meaformer.graph_attention import Edges
from tenfold.training.seeding import numpy_generator


@dataclass(frozen=True, eq=False)
class AlignmentPair:
    """One pair on one device, with what is random of its features drawn from a seed, the same for all methods."""

    sides: torch.Tensor
    """(N,)"""
    triples: torch.Tensor
    """(T, 3)"""
    links: torch.Tensor
    """(L, 2)"""
    features: dict[str, torch.Tensor]
    """Modality -> (N, F) float32"""
    pictured: torch.Tensor
    """(N,) whether an entity has a picture (its own or another's)"""
    corrupted: torch.Tensor
    """(N,) whether it shows another's picture"""

    @property
    def entities(self) -> int:
        return len(self.sides)

    def of_side(self, side: int) -> torch.Tensor:
        """Entities of one graph."""
        return torch.nonzero(self.sides == side).flatten()

    def edges(self) -> Edges:
        """The edges that graph encoders see."""
        return Edges.from_triples(self.triples[:, 0], self.triples[:, 2], self.entities)

    def available(self, wanted: list[str]) -> tuple[str, ...]:
        """Those of the wanted modalities that the data has."""
        return tuple(name for name in wanted if name == "graph" or name in self.features)

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, np.ndarray], seed: int, device: torch.device | str = "cpu"
    ) -> AlignmentPair:
        """The pair that prepare wrote."""
        count = len(arrays["sides"])
        features: dict[str, np.ndarray] = {}
        for name in ("relation", "attribute"):
            if (bag := Bag.from_arrays(arrays, name)) is not None:
                features[name] = bag.dense(count)
        pictured, corrupted = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        if "vision" in arrays:
            own = arrays["vision_entity"]
            shown = arrays.get(f"{seed}/vision_entity", own)
            pictured[shown] = True
            corrupted[shown] = shown != own
            features["vision"] = picture_features(
                arrays["vision"], shown, count, numpy_generator(seed, "missing pictures")
            )
        if "name_vector" in arrays:
            vectors = arrays["name_vector"].copy()
            unknown = np.asarray(np.isnan(vectors).any(axis=1))
            features["name"] = _unit(_filled(vectors, unknown, numpy_generator(seed, "unknown names")))
        if (bag := Bag.from_arrays(arrays, "char")) is not None:
            counts = bag.dense(count)
            unknown = np.asarray(~counts.any(axis=1))
            features["char"] = _unit(_filled(counts, unknown, numpy_generator(seed, "empty names")))
        return cls(
            torch.from_numpy(arrays["sides"].astype(np.int64)).to(device),
            torch.from_numpy(arrays["triples"].astype(np.int64)).to(device),
            torch.from_numpy(arrays["links"].astype(np.int64)).to(device),
            {name: torch.from_numpy(value).to(device) for name, value in features.items()},
            torch.from_numpy(pictured).to(device),
            torch.from_numpy(corrupted).to(device),
        )


def picture_features(values: np.ndarray, shown: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, F) float32, rows of length 1.

    Pixels are multiplied by their opacity. Entities without picture get a draw from N(mean, std^2) in each dimension.
    """
    if values.ndim == 4:
        pixels = values.astype(np.float32) / 255
        values = np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=3).reshape(len(pixels), -1)
    found = np.empty((count, values.shape[1]), dtype=np.float32)
    missing = np.ones(count, dtype=bool)
    missing[shown] = False
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    found[missing] = mean + deviation * rng.standard_normal((int(missing.sum()), values.shape[1]), dtype=np.float32)
    found[shown] = values
    return _unit(found)


def _filled(values: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniform values in +-1/2 in the marked rows."""
    values[rows] = rng.random((int(rows.sum()), values.shape[1]), dtype=np.float32) - 0.5
    return values


def _unit(values: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)
