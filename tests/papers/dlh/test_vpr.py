"""VPR: the rule of expected and unexpected events, states that stay between events, and the times of events."""

from __future__ import annotations

import pytest
import torch

from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.gaussian import Gaussian, divergence
from tenfold.papers.dlh.models.renewal import RenewalProcess
from tenfold.papers.dlh.models.rollout import roll_out
from tenfold.papers.dlh.models.vpr import VariationalPredictiveRouting, unexpected
from tenfold.papers.dlh.settings import Hierarchy, Surprise
from tests.papers.dlh.conftest import END, FRAME, generator, settings

NEVER_UNEXPECTED = {"factor": 1e30}


def small(count: int = 2, **surprise) -> VariationalPredictiveRouting:
    """Its posteriors follow the video more than those of a fresh model, so that there are events."""
    torch.manual_seed(count)
    model = build(settings(count, model="vpr", surprise=surprise), FRAME).double()
    assert isinstance(model, VariationalPredictiveRouting)
    with torch.no_grad():
        for level in model._levels()[1:]:
            level.bottom_up[0].weight *= 5
            level.posterior.layers[0].weight *= 3
            level.posterior.layers[-1].bias[level.posterior.size :] -= 4
    return model


def inferred(model, video, margin=0.0):
    with torch.no_grad():
        return model.infer(model.features(video), generator(1), margin)


@pytest.fixture
def long_video() -> torch.Tensor:
    """(6, 25, 8, 8, 3)"""
    return torch.rand((6, 25, *FRAME), generator=generator(5), dtype=torch.float64)


# ------------------------------------------------------------------------------------------------ the rule


def held(course, changed):
    """Posterior at the last event before each frame (B, T - 1, s), frames 1 to T - 1."""
    means, deviations = [], []
    for row in range(changed.shape[0]):
        last = 0
        for t in range(1, changed.shape[1]):
            means.append(course.candidate.mean[row, last])
            deviations.append(course.candidate.deviation[row, last])
            last = t if changed[row, t] else last
    shape = (changed.shape[0], changed.shape[1] - 1, -1)
    return Gaussian(torch.stack(means).reshape(shape), torch.stack(deviations).reshape(shape))


def test_events_are_expected_or_unexpected_ones(long_video):
    """The states of the second pass, put through the rule by hand, give the events of the first."""
    model = small(factor=1.5, window=3)
    found = inferred(model, long_video)
    course, changed = found.courses[1], found.changed[..., 1]
    static = divergence(
        Gaussian(course.candidate.mean[:, 1:], course.candidate.deviation[:, 1:]), held(course, changed)
    )
    change = divergence(course.candidate, course.prior)[:, 1:]
    kinds = {"expected": 0, "unexpected": 0, "none": 0}
    for row in range(6):
        for t in range(24):
            expected = bool(change[row, t] < static[row, t])
            before = static[row, max(0, t - 3) : t]
            surprising = t > 0 and bool(static[row, t] > 1.5 * before.mean())
            assert bool(changed[row, t + 1]) == (expected or surprising)
            kinds["expected" if expected else "unexpected" if surprising else "none"] += 1
    assert min(kinds.values()) > 3


@pytest.mark.parametrize(("past", "static", "wanted"), [
    ([], 5.0, False),
    ([9.0], 5.0, False),  # the first frame does not count
    ([9.0, 1.0, 3.0], 4.1, True),
    ([9.0, 1.0, 3.0], 3.9, False),
    ([9.0, 100.0, 1.0, 1.0, 1.0], 2.1, True),  # beyond the window of three
    ([9.0, float("nan"), 1.0, float("nan")], 2.1, True),  # not examined
    ([9.0, float("nan")], 2.1, False),
])  # fmt: skip
def test_an_unexpected_event_exceeds_twice_the_mean_of_the_window(past, static, wanted):
    surprise = Surprise(factor=2.0, window=3)
    assert unexpected(torch.tensor([static]), [torch.tensor([value]) for value in past], surprise).item() is wanted


def test_a_still_video_has_no_event_after_the_first_frame():
    frame = torch.rand((3, 1, *FRAME), generator=generator(), dtype=torch.float64)
    for count in (2, 3):
        found = inferred(small(count), frame.expand(-1, 9, -1, -1, -1))
        assert found.changed[:, 0].all()
        assert found.changed[..., 0].all()
        assert not found.changed[:, 1:, 1:].any()


def test_events_are_nested_and_rarer_with_a_margin(long_video):
    found = inferred(small(3), long_video)
    assert (found.changed[..., 2] <= found.changed[..., 1]).all()
    assert found.changed[:, 1:, 2].any()
    rates = [
        inferred(small(**NEVER_UNEXPECTED), long_video, margin).changed[..., 1].double().mean() for margin in (0, 1e9)
    ]
    assert rates[0] > rates[1]
    assert rates[1].item() == pytest.approx(1 / 25)


# ------------------------------------------------------------------------------------------ between events


def test_between_events_a_state_stays_and_nothing_is_paid(long_video):
    model = small()
    events = model.posterior_events(long_video, generator(1))
    changed = events.changed[..., 1]
    assert 0.1 < changed[:, 1:].double().mean() < 0.9
    stays = ~changed[:, 1:]
    torch.testing.assert_close(events.means[1][:, 1:][stays], events.means[1][:, :-1][stays], rtol=0, atol=0)
    assert (events.means[1][:, 1:] != events.means[1][:, :-1])[changed[:, 1:]].all()
    assert ((events.divergence[..., 1] > 0) == changed).all()
    assert (events.divergence[..., 0] > 0).all()
    assert events.examined.all()


def test_the_gradient_of_the_priors_comes_from_events_alone(long_video):
    """With one event, at the first frame, the prior of level 2 is trained by that frame only."""
    model = small(**NEVER_UNEXPECTED)
    found = model.infer(model.features(long_video), generator(), margin=1e9)
    assert found.changed[..., 1].sum() == 6
    torch.testing.assert_close(
        model.divergences(found)[..., 1].sum(),
        divergence(found.courses[1].candidate, found.courses[1].prior)[:, 0].sum(),
    )


def test_the_loss_is_finite_and_its_gradient_reaches_everything(video):
    model = small(3)
    parts = model.loss(video, END, generator())
    assert all(torch.isfinite(value) for value in parts.values())
    assert {"kl-1", "kl-2", "kl-3", "rate-2", "rate-3"} <= set(parts)
    parts["loss"].backward()
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in model.parameters())


# ---------------------------------------------------------------------------------------- times of events


def sequence(interval: int, frames: int = 41):
    """Clock, examined and events of a sequence with an event every `interval` frames, first frame left out."""
    clock = torch.tensor([(t - 1) % interval + 1 for t in range(1, frames)], dtype=torch.float64)[None]
    return clock, torch.ones_like(clock, dtype=torch.bool), clock == interval


def test_a_renewal_process_learns_the_intervals():
    process = RenewalProcess().double()
    for _ in range(30):
        process.count(*sequence(5))
    chances = torch.sigmoid(process.logit(torch.arange(1, 6)))
    assert (chances[:4] < 0.05).all()
    assert chances[4] > 0.9


def test_a_renewal_process_without_memory_of_an_interval_has_the_overall_rate():
    process = RenewalProcess().double()
    for _ in range(30):
        process.count(*sequence(5))
    assert torch.sigmoid(process.logit(torch.tensor([60]))).item() == pytest.approx(0.2, abs=0.02)
    assert torch.sigmoid(RenewalProcess().logit(torch.tensor([3]))).item() == pytest.approx(0.5)


def test_a_renewal_process_forgets_what_training_has_left_behind():
    process = RenewalProcess().double()
    for interval in (3, 8):
        for _ in range(600):
            process.count(*sequence(interval))
    chances = torch.sigmoid(process.logit(torch.tensor([3, 8])))
    assert chances[0] < 0.05
    assert chances[1] > 0.95


def test_frames_that_were_not_examined_are_not_counted():
    process = RenewalProcess().double()
    clock, seen, happened = sequence(4)
    process.count(clock, seen & (clock != 2), happened)
    assert process.frames[2] == 0
    assert process.frames[3] == 10


def test_training_counts_and_the_counts_are_part_of_the_state(video):
    model = small()
    model.loss(video, END, generator())
    assert model.state_dict()["levels.1.renewal.frames"].sum() == 3 * 11
    model.predict(video, 3, 2, generator())
    model.posterior_events(video, generator())
    assert model.state_dict()["levels.1.renewal.frames"].sum() == 3 * 11


@pytest.mark.parametrize("happens", [False, True])
def test_futures_draw_the_times_of_events_from_the_process(video, happens):
    model = small()
    process = model._levels()[1].renewal
    process.frames.fill_(1e12)
    process.events.fill_(1e12 if happens else 0)
    states = [course.state for course in inferred(model, video).courses]
    rules = Hierarchy(nested=True, ticks="events")
    with torch.no_grad():
        future = roll_out(list(model._levels()), states, 7, rules, generator())
    assert (future.changed[..., 1] == happens).all()
    kept = (future.samples[1] == states[1].sample[:, None]).all()
    assert bool(kept) is not happens


def test_futures_differ_between_samples_and_are_reproducible(video):
    model = small()
    one, two = (model.predict(video, 5, 4, generator(2)) for _ in range(2))
    assert one.shape == (4, 3, 5, *FRAME)
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert (one[0] != one[1]).any()
