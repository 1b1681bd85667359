"""Generated hypergraphs with communities, features and labels: for tests of the plumbing and of speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tenfold.errors import ConfigError
from tenfold.files import write_text


def communities(
    destination: Path,
    *,
    seed: int,
    nodes: int,
    hyperedges: int,
    classes: int = 3,
    largest: int = 6,
    mixing: float = 0.1,
    words: int = 30,
    words_each: int = 5,
) -> None:
    """Write `hyperedges.txt`, `labels.txt` and `features.txt` as `hypergraphs.edge_list` reads them.

    Node i has class i mod `classes`. A hyperedge has 2 to `largest` nodes, each of its class with probability
    1 - `mixing`, else of any. A node has `words_each` of the `words` features, half of them from its class's share.

    Raises ConfigError when the numbers do not fit together.
    """
    if largest < 2 or nodes < classes * largest or words < classes:
        raise ConfigError(f"communities: {nodes} nodes, {classes} classes, hyperedges up to {largest}: too small")
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, largest + 1, size=hyperedges)
    kind = np.repeat(rng.integers(classes, size=hyperedges), sizes)
    own = rng.integers(nodes // classes, size=len(kind)) * classes + kind
    member = np.where(rng.random(len(kind)) < mixing, rng.integers(nodes, size=len(kind)), own)
    sets = [np.unique(part) for part in np.split(member, np.cumsum(sizes)[:-1])]
    write_text(destination / "hyperedges.txt", "".join(" ".join(map(str, part)) + "\n" for part in sets))
    label = np.arange(nodes) % classes
    write_text(destination / "labels.txt", "".join(f"{node} class-{label[node]}\n" for node in range(nodes)))
    table = np.zeros((nodes, words), dtype=int)
    drawn = rng.integers(words, size=(nodes, words_each))
    topical = rng.integers(words // classes, size=(nodes, words_each)) * classes + label[:, None]
    word = np.where(rng.random(drawn.shape) < 0.5, topical, drawn)
    table[np.arange(nodes)[:, None], word] = 1
    lines = [f"{node} " + " ".join(map(str, row)) for node, row in enumerate(table)]
    write_text(destination / "features.txt", "\n".join(lines) + "\n")
