"""VTA: boundaries and their bounded prior, what a boundary resets, and futures with forced boundaries."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.dlh.models.boundaries import CERTAIN, boundary_divergence, bounded_prior, straight_through
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.vta import VariationalTemporalAbstraction
from tests.papers.dlh.conftest import END, FRAME, generator, settings

FORCED = math.log(CERTAIN / (1 - CERTAIN))


def small(**segments) -> VariationalTemporalAbstraction:
    torch.manual_seed(3)
    model = build(settings(model="vta", segments={"deterministic": [6, 5], **segments}), FRAME).double()
    assert isinstance(model, VariationalTemporalAbstraction)
    return model


def pattern(text: str, rows: int = 3) -> torch.Tensor:
    """`x..x` -> starts (rows, 4)."""
    return torch.tensor([[float(letter == "x") for letter in text]] * rows, dtype=torch.float64)


def inferred(model, video, starts, seed=1):
    features = model.encoder(video)
    return model.infer(features, starts, torch.zeros_like(starts), generator(seed))


# ---------------------------------------------------------------------------------------------- boundaries


@pytest.mark.parametrize("temperature", [0.1, 1.0])
@pytest.mark.parametrize("logit", [-2.0, 0.0, 1.0])
def test_boundaries_are_drawn_with_their_probability_at_any_temperature(logit, temperature):
    uniform = torch.rand(40_000, generator=generator(), dtype=torch.float64)
    drawn = straight_through(torch.full_like(uniform, logit), temperature, uniform)
    assert torch.all((drawn - drawn.round()).abs() < 1e-12)
    assert drawn.mean().item() == pytest.approx(1 / (1 + math.exp(-logit)), abs=0.01)


def test_the_gradient_of_a_boundary_is_that_of_the_relaxed_one():
    logit = torch.tensor([0.3, -1.0], dtype=torch.float64, requires_grad=True)
    uniform = torch.tensor([0.6, 0.2], dtype=torch.float64)
    (gradient,) = torch.autograd.grad(straight_through(logit, 0.5, uniform).sum(), logit)
    relaxed = torch.sigmoid((logit + torch.log(uniform / (1 - uniform))) / 0.5)
    torch.testing.assert_close(gradient, relaxed * (1 - relaxed) / 0.5)


@pytest.mark.parametrize(("text", "longest", "most", "wanted"), [
    ("x.....", 3, None, "...xxx"),  # a segment of three frames must end, and goes on being too long
    ("x..x..", 3, None, "...x.."),
    ("xx.x..", 9, 2, "..----"),  # two segments are there from frame 1 on
    ("xx....", 3, 2, "..--xx"),  # too long wins
    ("xxxxxx", 1, None, ".xxxxx"),
])  # fmt: skip
def test_the_prior_is_overruled_where_segments_leave_no_choice(text, longest, most, wanted):
    logit = torch.full((2, 6), 0.25, dtype=torch.float64)
    bounded = bounded_prior(logit, pattern(text, 2).bool(), longest, most)
    values = {".": 0.25, "x": FORCED, "-": -FORCED}
    torch.testing.assert_close(bounded, torch.tensor([[values[letter] for letter in wanted]] * 2, dtype=torch.float64))


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 5), st.integers(1, 4))
def test_the_bounded_prior_is_the_plain_count_of_lengths_and_numbers(later, longest, most):
    starts = [True, *later]
    logit = torch.zeros(1, len(starts), dtype=torch.float64)
    wanted, length, number = [0.0], 1, 1
    for start in later:
        wanted.append(FORCED if length >= longest else -FORCED if number >= most else 0.0)
        length, number = (1, number + 1) if start else (length + 1, number)
    found = bounded_prior(logit, torch.tensor([starts]), longest, most)
    assert found[0].tolist() == pytest.approx(wanted)


def test_the_divergence_of_boundaries_is_that_of_bernoulli_distributions():
    q, p = torch.randn((2, 3, 5), generator=generator(), dtype=torch.float64)
    wanted = torch.distributions.kl_divergence(
        torch.distributions.Bernoulli(logits=q), torch.distributions.Bernoulli(logits=p)
    )
    found = boundary_divergence(q, p)
    torch.testing.assert_close(found[:, 1:], wanted[:, 1:])
    assert (found[:, 0] == 0).all()


def test_the_temperature_falls_from_the_first_to_the_last():
    segments = settings(segments={"first_temperature": 1.0, "temperature": 0.1}).segments
    assert [segments.temperature_at(done) for done in (0, 0.5, 1)] == pytest.approx([1, 0.1**0.5, 0.1])


# ------------------------------------------------------------------------------------ what a boundary does


def test_a_boundary_sets_the_belief_to_what_the_abstract_level_says(video):
    model = small()
    samples = torch.randn((3, 12, 4), generator=generator(), dtype=torch.float64)
    above = torch.randn((3, 12, 6), generator=generator(1), dtype=torch.float64)
    starts = pattern("x..x....x...")
    beliefs = model._course(samples, above, starts)
    torch.testing.assert_close(beliefs[starts.bool()], above[starts.bool()])
    assert ((beliefs - above).abs()[~starts.bool()] > 1e-6).any(-1).all()
    changed = samples.clone()
    changed[:, :3] += 1  # states of the first segment
    torch.testing.assert_close(model._course(changed, above, starts)[:, 3:], beliefs[:, 3:])
    assert not torch.allclose(model._course(changed, above, starts)[:, 1:3], beliefs[:, 1:3])


def test_the_abstract_state_changes_at_boundaries_only():
    model = small()
    drawn = torch.randn((3, 12, 3), generator=generator(), dtype=torch.float64)
    beliefs, states = model._abstract_course(drawn, pattern("x..x....x..."))
    for first, end in ((0, 3), (3, 8), (8, 12)):
        torch.testing.assert_close(states[:, first:end], drawn[:, first : first + 1].expand(-1, end - first, -1))
        torch.testing.assert_close(beliefs[:, first:end], beliefs[:, first : first + 1].expand(-1, end - first, -1))
    assert (beliefs[:, 2] != beliefs[:, 3]).all()


def test_without_boundaries_one_abstract_state_holds_for_ever_and_with_all_of_them_none_does(video):
    model = small()
    never, always = (inferred(model, video, pattern(text)) for text in ("x" + 11 * ".", 12 * "x"))
    drawn = torch.randn((3, 12, 3), generator=generator(), dtype=torch.float64)
    _, states = model._abstract_course(drawn, pattern("x" + 11 * "."))
    torch.testing.assert_close(states, drawn[:, :1].expand_as(states))
    _, states = model._abstract_course(drawn, pattern(12 * "x"))
    torch.testing.assert_close(states, drawn)
    assert not torch.allclose(never.decoded, always.decoded)


def test_posteriors_know_the_frames_of_their_own_segment_and_the_past(video):
    model = small()
    starts = pattern("x..x....x...")
    features = model.encoder(video)
    other = features.clone()
    other[:, 8:] += 1  # the third segment
    before, rest = model._abstract_evidence(features, starts)
    before_too, rest_too = model._abstract_evidence(other, starts)
    torch.testing.assert_close(rest[:, :8], rest_too[:, :8])
    torch.testing.assert_close(before[:, :9], before_too[:, :9])
    assert not torch.allclose(rest[:, 8:], rest_too[:, 8:])
    other = features.clone()
    other[:, :3] += 1  # the first segment
    within, within_too = (model._within_segments(one, starts) for one in (features, other))
    torch.testing.assert_close(within[:, 3:], within_too[:, 3:])
    assert not torch.allclose(within[:, :3], within_too[:, :3])


# ------------------------------------------------------------------------------------------------ protocol


def with_boundaries(model, logit: float):
    """The detector says the same at every frame."""
    torch.nn.init.zeros_(model.boundary[-1].weight)
    torch.nn.init.constant_(model.boundary[-1].bias, logit)
    return model


def with_prior(model, logit: float):
    """p(m) is the same at every frame."""
    torch.nn.init.zeros_(model.next_boundary.weight)
    torch.nn.init.constant_(model.next_boundary.bias, logit)
    return model


def test_the_abstract_divergence_is_paid_where_segments_start(video):
    for logit, rate in ((-60.0, 1 / 12), (60.0, 1.0)):
        model = with_boundaries(small(), logit)
        parts = model.loss(video, END, generator())
        events = model.posterior_events(video, generator())
        assert parts["rate-2"].item() == pytest.approx(rate)
        assert events.changed[..., 1].double().mean().item() == pytest.approx(rate)
        assert ((events.divergence[..., 1] > 0) == events.changed[..., 1]).all()
        assert events.changed[..., 0].all()


def test_the_loss_is_finite_and_its_gradient_reaches_everything(video):
    model = small()
    parts = model.loss(video, END, generator())
    assert all(torch.isfinite(value) for value in parts.values())
    parts["loss"].backward()
    assert all(value.grad is not None and torch.isfinite(value.grad).all() for value in model.parameters())


def test_the_reconstruction_alone_teaches_where_boundaries_are(video):
    """The straight-through gradient reaches the detector although boundaries are 0 or 1."""
    model = small()
    features = model.encoder(video)
    starts, logit = model.starts(features, 0.5, generator())
    error = (model.infer(features, starts, logit, generator()).decoded - video).square().sum()
    gradients = torch.autograd.grad(error, list(model.boundary.parameters()))
    assert any((gradient != 0).any() for gradient in gradients)


def test_futures_without_boundaries_keep_the_abstract_state_and_with_all_of_them_change_it(video):
    starts = pattern("x..x....x...")
    never, always = (with_prior(small(), logit) for logit in (-60.0, 60.0))
    with torch.no_grad():
        last = inferred(never, video, starts).last
        kept = never.roll_out(last, 8, generator())
        changing = always.roll_out(inferred(always, video, starts).last, 8, generator())
    assert not kept.starts.any()
    torch.testing.assert_close(kept.abstract, last.abstract_state[:, None].expand_as(kept.abstract))
    assert changing.starts.all()
    assert (changing.abstract[:, 1:] != changing.abstract[:, :-1]).all()


def test_futures_differ_between_samples_and_are_reproducible(video):
    model = small()
    one, two = (model.predict(video, 5, 4, generator(2)) for _ in range(2))
    assert one.shape == (4, 3, 5, *FRAME)
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert (one[0] != one[1]).any()
    assert one.min() >= 0
    assert one.max() <= 1
