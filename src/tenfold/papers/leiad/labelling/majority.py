"""Votes counted: the share and the margin of those that say anomaly."""

from __future__ import annotations

import numpy as np

from tenfold.papers.leiad.labelling.votes import Votes


def anomaly_share(votes: Votes) -> np.ndarray:
    """#1 / (#1 + #0) of each point (N,); 0 where all functions abstain."""
    cast = votes.normal + votes.anomalous
    return votes.anomalous / np.maximum(cast, 1)


def margin(votes: Votes) -> np.ndarray:
    """#1 - #0 of each point (N,)."""
    return (votes.anomalous - votes.normal).astype(np.int64)
