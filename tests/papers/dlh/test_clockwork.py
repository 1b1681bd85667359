"""CW-VAE: its clock, what its levels see, and its course against a plain loop."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from tenfold.papers.dlh.models.base import noise
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.cwvae import ClockworkVAE, summed
from tenfold.papers.dlh.models.gaussian import divergence
from tenfold.papers.dlh.settings import Train
from tests.papers.dlh.conftest import END, FRAME, generator, settings


def clockwork(count: int, factor: int, context: int | None = None) -> ClockworkVAE:
    torch.manual_seed(count)
    chosen = settings(
        count, model="cwvae", clockwork={"factor": factor, "stochastic": [4], "hidden": 9},
        measuring={"context": context or factor ** (count - 1)},
    )  # fmt: skip
    model = build(chosen, FRAME).double()
    assert isinstance(model, ClockworkVAE)
    return model


def test_three_levels_with_factor_six_tick_36_6_and_1_times_in_36_frames():
    model = clockwork(3, 6)
    video = torch.rand((2, 36, *FRAME), dtype=torch.float64)
    features = model.features(video)
    assert [x.shape[1] for x in features] == [36, 6, 1]
    events = model.posterior_events(video, generator())
    assert events.changed[0].sum(0).tolist() == [36, 6, 1]
    assert events.changed[0, :, 1].nonzero().ravel().tolist() == [0, 6, 12, 18, 24, 30]


def test_a_level_sees_the_sum_of_its_block_and_zeros_fill_up_the_last_one():
    embeddings = torch.arange(1.0, 8.0)[None, :, None]
    assert summed(embeddings, 3).ravel().tolist() == [6.0, 15.0, 7.0]
    assert torch.equal(summed(embeddings, 1), embeddings)


def test_upper_levels_see_sums_of_embedded_frames(video):
    model = clockwork(2, 4)
    features = model.features(video)
    for tick in range(3):
        block = model.embeddings[0](model.encoder(video[:, 4 * tick : 4 * tick + 4])).sum(1)
        torch.testing.assert_close(features[1][:, tick], block)


def test_its_course_equals_a_plain_loop(video):
    """The state-space cells frame by frame, as the authors' code has them."""
    model, frames = clockwork(2, 3), video.shape[1]
    found = model.loss(video, END, generator(2))
    gen = generator(2)
    features = model.features(video)
    draws = [noise((3, ticks, 4), features[0], gen) for ticks in (frames, 4)]
    fast, slow = model.cells
    kl = {0: [], 1: []}
    states = {
        n: (torch.zeros(3, 4).double(), torch.zeros(3, cell.gru.hidden_size).double())
        for n, cell in ((0, fast), (1, slow))
    }
    outputs = []
    for t in range(frames):
        if t % 3 == 0:
            states[1] = _step(slow, states[1], None, features[1][:, t // 3], draws[1][:, t // 3], kl[1])
        states[0] = _step(fast, states[0], torch.cat(states[1], -1), features[0][:, t], draws[0][:, t], kl[0])
        outputs.append(torch.cat(states[0], -1))
    error = (model.decoder(torch.stack(outputs, 1)) - video).square().sum((2, 3, 4)).mean()
    torch.testing.assert_close(found["error"], error)
    for n in (0, 1):
        torch.testing.assert_close(found[f"kl-{n + 1}"], torch.stack(kl[n]).sum(0).mean() / frames)


def _step(cell, state, above, features, draw, kl):
    sample, memory = state
    inputs = cell.from_sample(sample) + (0 if above is None else cell.from_above(above))
    memory = cell.gru(torch.relu(inputs), memory)
    prior = cell._gaussian(cell.prior(memory))
    posterior = cell._gaussian(cell.posterior(cell.from_memory(memory) + cell.from_features(features)))
    kl.append(divergence(posterior, prior))
    return posterior.sample(draw), memory


def test_predictions_go_on_after_the_context_with_the_priors():
    model = clockwork(2, 4)
    context = torch.rand((2, 8, *FRAME), dtype=torch.float64)
    found = model.predict(context, 5, 3, generator())
    assert found.shape == (3, 2, 5, *FRAME)
    features = [x.repeat(3, 1, 1) for x in model.features(context)]
    whole = model.follow(features, 13, generator())[0].output
    torch.testing.assert_close(found.flatten(0, 1), model.decoder(whole[:, 8:]).detach())


def test_a_context_that_ends_inside_a_block_is_refused():
    with pytest.raises(ValidationError, match="multiple of the 4 frames"):
        Train.model_validate({"model": "cwvae", "clockwork": {"factor": 4}, "measuring": {"context": 30}})
