"""What training measures: futures, events, and what one level stands for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tenfold.metrics.video_quality import psnr
from tenfold.papers.dlh import measuring as measured
from tenfold.papers.dlh.fitting import as_input
from tenfold.papers.dlh.inspection import inspected, rolled_alone, samples_of
from tenfold.papers.dlh.models.base import Frame
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.rollout import states_after
from tenfold.papers.dlh.scenes import videos
from tenfold.papers.dlh.settings import Measuring, MovingBall, Train
from tenfold.training.seeding import torch_generator
from tests.papers.dlh.conftest import generator, small

CHOSEN = Measuring(context=4, horizon=3, samples=2, sequences=5, event_sequences=4, examples=2)


@pytest.fixture
def run():
    """What `measuring` uses of a Run, with a small Moving Ball."""
    data = {}
    for number, part in enumerate(("validation", "test")):
        made = videos(MovingBall(kind="moving-ball", side=8, radius=2), np.random.default_rng(number), 6, 8)
        data |= {part: made.pop("frames")} | {f"{part}/{name}": values for name, values in made.items()}
    return SimpleNamespace(data=data, device=torch.device("cpu"), generator=torch_generator)


def test_bytes_become_numbers_between_0_and_1():
    assert as_input(np.array([0, 51, 255], dtype=np.uint8), torch.device("cpu")).tolist() == pytest.approx([0, 0.2, 1])


def test_scores_of_a_held_frame_are_those_computed_directly(run):
    floor = build(Train(model="copy-last"), Frame(8, 8, 3))
    found = measured.futures(run, CHOSEN, floor, 0)
    test = run.data["test"][:5].astype(np.float64) / 255
    expected = psnr(test[:, 4:7], np.repeat(test[:, 3:4], 3, axis=1)[None])
    np.testing.assert_allclose(found["psnr"], expected, rtol=1e-4)
    assert found["ssim"].shape == found["palette"].shape == (1, 5, 3)
    assert found["example/predicted"].shape == (2, 2, 3, 8, 8, 3)
    np.testing.assert_array_equal(found["example/predicted"][0, :, 0], run.data["test"][:2, 3])
    np.testing.assert_array_equal(found["example/truth"], run.data["test"][:2, :7])


def test_the_first_shown_future_is_the_best_one(run):
    model = small(2).float()
    found = measured.futures(run, CHOSEN, model, 0)
    best = found["ssim"][:, 0].mean(-1).argmax()
    context = as_input(run.data["test"][:5, :4], run.device)
    predicted = model.predict(context, 3, 2, torch_generator(0, "futures"))[best, 0]
    np.testing.assert_array_equal(found["example/predicted"][0, 0], (255 * predicted).round().byte().numpy())


def test_test_sequences_that_are_too_short_are_refused(run):
    with pytest.raises(ValueError, match="12 frames are needed"):
        measured.futures(run, CHOSEN.model_copy(update={"horizon": 8}), small(2).float(), 0)


def test_events_of_many_sequences_do_not_depend_on_how_they_are_cut(run, monkeypatch):
    model = small(1).float()  # one level: no noise takes part in what is compared
    whole = measured.events(run, CHOSEN, model, 0)
    monkeypatch.setattr(measured, "SEQUENCES_AT_ONCE", 3)
    parts = measured.events(run, CHOSEN, model, 0)
    assert whole["events/changed"].shape == (4, 8, 1)
    np.testing.assert_allclose(whole["means/test/1"], parts["means/test/1"], atol=1e-6)
    assert whole["means/validation/1"].shape == (6, 8, 4)


def test_models_without_levels_have_no_events(run):
    floor = build(Train(model="black"), Frame(8, 8, 3))
    assert measured.events(run, CHOSEN, floor, 0) == {}
    assert inspected(run, CHOSEN, floor, 0) == {}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_one_level_moves_and_the_others_stay(run, n):
    model = small(3).float()
    found = inspected(run, CHOSEN, model, 0)
    assert found["levels/sampled"].shape == (3, 8, 8, 8, 3)
    assert found["levels/rolled"].shape == (3, 3, 8, 8, 3)
    context = as_input(run.data["test"][:1, :4], run.device)
    with torch.no_grad():
        inferred = model.infer(model.features(context), generator())
        states = states_after(inferred.courses)
        drawn = samples_of(model, states, n, 5, generator())
        rolled = rolled_alone(model, states, n, 4, generator())
        assert len(drawn.unique(dim=0)) == 5
        assert len(rolled.unique(dim=0)) == 4
        # A change prior that is certain of the state as it is gives the last frame of the context back.
        model.levels[n].predict = lambda *_: type(inferred.courses[0].posterior)(
            states[n].sample, torch.zeros_like(states[n].sample)
        )
        for decoded in (samples_of(model, states, n, 2, generator()), rolled_alone(model, states, n, 2, generator())):
            torch.testing.assert_close(decoded, inferred.decoded[:, -1].expand(2, -1))
