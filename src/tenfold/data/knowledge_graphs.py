"""A pair of knowledge graphs with links between them, and what else is known of their entities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Pictures:
    """What stands for the pictures of some entities."""

    entities: np.ndarray
    """(P,) ids"""
    values: np.ndarray
    """(P, H, W, 4) bytes of pixels (red, green, blue, opacity), or (P, F) float32 from a network for images"""


@dataclass(frozen=True, eq=False)
class KnowledgeGraphPair:
    """Two graphs in one space of ids: entities 0..N-1, relations likewise."""

    sides: np.ndarray
    """(N,) 0 or 1: the graph an entity belongs to"""
    triples: np.ndarray
    """(T, 3) head, relation and tail, those of the first graph first"""
    links: np.ndarray
    """(L, 2) equal entities: id in the first graph, id in the second"""
    attributes: tuple[np.ndarray, np.ndarray] | None = None
    """(A,) entities and (A,) types of their attributes, 0 the type that is read first; None: there are none"""
    pictures: Pictures | None = None
    names: dict[int, str] | None = None
    """Entity -> its name, words joined by blanks"""
    name_vectors: np.ndarray | None = None
    """(N, F) float32 mean word vector of the name; not a number where no word is known"""

    @property
    def entities(self) -> int:
        return len(self.sides)
