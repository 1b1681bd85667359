"""From a prepared data set and a finished run of TS2Vec to an open session."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from tenfold.errors import ResultError
from tenfold.papers.leiad.interaction import Interaction
from tenfold.papers.leiad.page.session import Session
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.pools import arrays_of_series, pools
from tenfold.papers.leiad.settings import Train
from tenfold.provenance import digest_of
from tenfold.training.command import CommandTask
from tenfold.training.seeding import numpy_generator


@contextmanager
def session_of(task: CommandTask, name: str) -> Iterator[tuple[Session, Callable[[], Interaction]]]:
    """The session of that name, held by this process, and a function that makes its loop as it was at the beginning.

    The loop is that of the method which the command's entry names, without a budget, with the generator of a
    simulation: a person who marks what the simulated user marks is asked the same.
    """
    if task.start is None:
        raise ResultError("config/papers/leiad.yaml: commands.label.method must name a method that starts from TS2Vec")
    settings = Train.model_validate(task.settings).loop.model_copy(update={"budget": None})
    pool, test = pools(arrays_of_series(task.prepared, task.seed), task.start.predictions, task.seed)

    def begin() -> Interaction:
        return Interaction(pool, settings, numpy_generator(task.seed, "loop"), test)

    identity = {
        "scale": task.scale,
        "seed": task.seed,
        "pool": digest_of_pool(pool),
        "settings": digest_of(settings.model_dump(mode="json")),
    }
    with Session(task.labels, name, identity) as session:
        yield session, begin


def digest_of_pool(pool: Pool) -> str:
    """Digest of everything the loop sees of a pool: not of its true labels."""
    digest = hashlib.blake2b("\n".join([*pool.names, *pool.detectors]).encode(), digest_size=8)
    for array in (pool.offsets, pool.values, pool.scores, pool.features, pool.representations, pool.deviation):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
