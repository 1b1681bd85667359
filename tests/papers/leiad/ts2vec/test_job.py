"""The job: learn, represent, score; the same bits after a kill."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.job import learn, represent
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.papers.leiad.ts2vec.training import Training
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run

SETTINGS = TS2VecSettings(hidden=4, depth=1, output=3, window=20, steps=8, batch=2)
OFFSETS = np.array([0, 40, 70, 120])
VALUES = np.random.default_rng(0).normal(3, 2, 120)
SERIES = np.array([0, 2])


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr("tenfold.paths.RESULTS", tmp_path)

    def start(name: str) -> Run:
        """A run with a folder of its own, in which a second run of the same name goes on."""
        job = Job("test", "leiad", name, "uad-ts2vec", (0,), {})
        progress = Progress("test", every_seconds=1e9)
        return Run(job, torch.device("cpu"), signature="s", progress=progress, checkpoint_seconds=0.0)

    return start


def represented(encoder: Encoder) -> np.ndarray:
    return represent(encoder, VALUES, OFFSETS, np.array([2, 1]))


def test_points_come_in_the_order_of_the_asked_series(run):
    encoder = learn(run("a"), 0, SETTINGS, VALUES, OFFSETS, SERIES)
    found = represented(encoder)
    assert found.shape == (50 + 30, 3)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[50:], represent(encoder, VALUES, OFFSETS, np.array([1])))


def test_both_ways_of_masking_are_reached_by_the_settings(run):
    exact = represented(learn(run("exact"), 0, SETTINGS, VALUES, OFFSETS, SERIES))
    wide = SETTINGS.model_copy(update={"masking": "windowed", "padding": 10})
    windowed = represented(learn(run("windowed"), 0, wide, VALUES, OFFSETS, SERIES))
    assert not np.array_equal(exact, windowed)
    np.testing.assert_allclose(windowed[10:40], exact[10:40], atol=1e-6)  # the reach is 6


def test_a_killed_training_ends_with_the_same_bits(run, monkeypatch):
    whole = represented(learn(run("whole"), 0, SETTINGS, VALUES, OFFSETS, SERIES))
    step, steps = Training.step, []

    def killed_in_the_fifth(self) -> float:
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Training, "step", killed_in_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        learn(run("killed"), 0, SETTINGS, VALUES, OFFSETS, SERIES)
    again = run("killed")
    np.testing.assert_array_equal(represented(learn(again, 0, SETTINGS, VALUES, OFFSETS, SERIES)), whole)
    assert again.times_resumed() == 1
    assert len(steps) == 5 + 4


def test_another_seed_learns_another_encoder(run):
    one, other = (represented(learn(run(f"{s}"), s, SETTINGS, VALUES, OFFSETS, SERIES)) for s in (0, 1))
    assert not np.allclose(one, other)
