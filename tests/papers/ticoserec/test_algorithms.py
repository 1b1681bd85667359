"""Every entry of the registry trains, selects and saves predictions on a small data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from tenfold.files import write_arrays
from tenfold.papers.ticoserec.methods import ALGORITHMS
from tenfold.papers.ticoserec.train import train
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run
from tests.papers.ticoserec.sequences import random_sequences

USERS = 60
SETTINGS = {
    "encoder": {"dimension": 8, "inner": 8, "max_length": 8},
    "optimization": {"warmup_epochs": 1, "epochs": 2, "batch_size": 32},
    "pretraining": {"epochs": 1},
    "intents": {"count": 4, "iterations": 2},
    "variants": {"without-crop": {"views": {"long": ["mask"]}}},
    "halves": ["uniform-users", "random-a", "random-b"],
}


@dataclass(frozen=True)
class SmallJob(Job):
    folder: Path = Path()

    @property
    def directory(self):
        return self.folder / self.method

    @property
    def after_directory(self):
        return self.folder / "sasrec-warmup"

    @property
    def prepared(self):
        return self.folder


def trained(folder, algorithm):
    """Predictions of one algorithm on the data in `folder`."""
    job = SmallJob("test", "ticoserec", "data", algorithm, (3,), {"algorithm": algorithm, **SETTINGS}, folder=folder)
    job.directory.mkdir()
    run = Run(job, torch.device("cpu"), signature="test", progress=Progress("test", every_seconds=1e9))
    train(run)
    run.write_model()
    return run.predictions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Prepared data, and the warm-up from which some algorithms start."""
    folder = tmp_path_factory.mktemp("algorithms")
    sequences = random_sequences(users=USERS)
    arrays = {
        "items": sequences.items.values,
        "times": sequences.times.values,
        "offsets": sequences.items.offsets,
        "item_count": np.array(sequences.item_count),
    }
    write_arrays(folder / "data.npz", arrays)
    trained(folder, "sasrec-warmup")
    return folder


@pytest.mark.parametrize("algorithm", sorted(set(ALGORITHMS) - {"sasrec-warmup", "views"}))
def test_an_algorithm_trains_and_ranks_every_user(folder, algorithm):
    predictions = trained(folder, algorithm)
    assert predictions
    for name, ranks in predictions.items():
        seed, split, what = name.split("/")
        assert seed == "3"
        if what == "rank":
            assert ranks.dtype == np.int32
            assert ((ranks >= 0) & (ranks <= 30)).all()
            assert len(ranks) == (USERS // 2 if split in ("uniform-users", "random-a", "random-b") else USERS)
