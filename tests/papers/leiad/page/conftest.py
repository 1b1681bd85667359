"""Sessions over a small made-up pool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.page.labeller import Labeller
from tenfold.papers.leiad.page.session import Session
from tenfold.papers.leiad.pool import Pool
from tests.papers.leiad.made_up import made_up_pool, settings

IDENTITY = {"scale": "tiny", "seed": 0, "pool": "p", "settings": "s"}


class Desk:
    """Where a made-up person sits: opens sessions in one folder, and answers by the true labels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool: Pool = made_up_pool()
        self.said: list[str] = []

    def begin(self) -> Interaction:
        test = made_up_pool(seed=9, series=3)
        return Interaction(self.pool, settings(query={"reach": 20}, budget=None), np.random.default_rng(3), test)

    def session(self, name: str = "mine", **changes: object) -> Session:
        return Session(self.folder, name, IDENTITY | changes)

    def labeller(self, session: Session) -> Labeller:
        return Labeller(self.begin, session, self.said.append)

    def marks(self, labeller: Labeller) -> list[int]:
        """The true anomalies of the pending window that have no label yet."""
        query = labeller.query
        free = (self.pool.labels == 1) & (labeller.loop.state.gold < 0)
        return (query.start + np.flatnonzero(free[query.start : query.stop])).tolist()

    def answer(self, labeller: Labeller, count: int) -> None:
        for _ in range(count):
            labeller.submit(self.marks(labeller))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)
