"""Small problems that several tests share."""

from __future__ import annotations

import pytest
import torch

from tenfold.data.preparation import Preparation
from tenfold.papers.dmf_spe.members import batch, members
from tenfold.papers.dmf_spe.prepare import prepare
from tenfold.papers.dmf_spe.settings import Train
from tenfold.papers.dmf_spe.trajectories import Trajectories
from tenfold.training.seeding import torch_generator


@pytest.fixture(autouse=True)
def one_thread():
    """Small matrices run faster on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def prepared():
    """Function that gives a prepared data set: `prepared(size=6, targets={...}, seeds=(0,))`."""

    def make(seeds=(0,), **settings):
        return prepare(Preparation("dmf-spe", "any", settings, seeds)).arrays

    return make


@pytest.fixture(scope="session")
def started(prepared):
    """Function that gives the runs and the trajectories of a small problem of one depth, not yet advanced."""

    def make(depth, size, family, seeds=(0,), **settings):
        data = prepared(seeds=seeds, size=size, targets=family)
        train = Train(depths=[depth], **settings)
        runs = members(train, depth, data, seeds)
        return runs, Trajectories(batch(runs, data, torch_generator, torch.device("cpu")), train)

    return make
