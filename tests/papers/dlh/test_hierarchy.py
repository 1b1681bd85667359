"""Invariants of DLH: (a) to (f) of the card, and the two passes of training against a plain loop."""

from __future__ import annotations

import pytest
import torch

from tenfold.papers.dlh.models.base import noise
from tenfold.papers.dlh.models.gaussian import Gaussian, divergence
from tenfold.papers.dlh.models.level import latest, since
from tenfold.papers.dlh.models.rollout import roll_out, states_after
from tests.papers.dlh.conftest import END, generator, small

COUNTS = (1, 2, 3, 4)


def inferred(model, video, margin=0.0, seed=1):
    return model.infer(model.features(video), generator(seed), margin)


def plain_unrolling(model, video, seed=1, margin=0.0):
    """DLH frame by frame, as one would write it down: decisions, states and the terms of the ELBO (hard, nested)."""
    features = model.features(video)
    gen = generator(seed)
    levels = list(model.levels)
    draws = [noise((*x.shape[:2], level.posterior.size), x, gen) for x, level in zip(features, levels, strict=True)]
    count, (rows, frames) = len(levels), video.shape[:2]
    memory = [video.new_zeros(rows, level.memory_size) for level in levels]
    clock = [video.new_zeros(rows) for _ in levels]
    state = [None] * count
    sample = [None] * count
    changed = torch.zeros(rows, frames, count, dtype=torch.bool)
    terms = video.new_zeros(rows, frames, count)
    for row in range(rows):  # every sequence by itself
        one = slice(row, row + 1)
        for level in range(count):
            memory[level], clock[level], state[level], sample[level] = (
                torch.zeros(1, levels[level].memory_size).double(), torch.zeros(1).double(), None, None,
            )  # fmt: skip
        for t in range(frames):
            e = [True] * count
            for n in range(1, count):
                if t == 0:
                    continue
                context = None
                for above in reversed(range(n + 1, count)):
                    context = levels[above].top_down(sample[above], context)
                q = levels[n].infer(features[n][one, t], context)
                p = levels[n].predict(memory[n], context)
                e[n] = e[n - 1] and bool(divergence(q, p) + margin < divergence(q, state[n]))
            context = None
            memories_before = list(memory)
            for n in reversed(range(count)):
                examined = n == 0 or e[n - 1]
                if examined:
                    q = levels[n].infer(features[n][one, t], context)
                    p = levels[n].predict(memory[n], context) if e[n] else state[n]
                    terms[row, t, n] = divergence(q, p)[0]
                    if n and t:
                        logit = levels[n].change_logit(memory[n], clock[n], memories_before[n - 1])
                        p_change = torch.sigmoid(logit)[0]
                        terms[row, t, n] -= torch.log(p_change if e[n] else 1 - p_change)
                    state[n], sample[n] = q, q.sample(draws[n][one, t])
                context = levels[n].top_down(sample[n], context)
                changed[row, t, n] = e[n]
            for n in range(count):
                if e[n]:
                    memory[n] = levels[n].tick(sample[n], clock[n], memory[n])
                clock[n] = torch.ones(1).double() if e[n] else clock[n] + 1
    return changed, terms


@pytest.mark.parametrize("count", COUNTS)
def test_the_two_passes_equal_a_plain_loop(count, video):
    model = small(count)
    with torch.no_grad():
        found = inferred(model, video)
        terms = model.terms(found)
        changed, expected = plain_unrolling(model, video)
    assert torch.equal(found.changed, changed)
    torch.testing.assert_close(terms.state + terms.update, expected)


def test_the_seeded_models_of_these_tests_have_changing_and_static_levels(video):
    """Else the tests above and below would not see both branches."""
    changed = inferred(small(4), video).changed[:, 1:]
    for n in (1, 2, 3):
        assert 0 < changed[..., n].double().mean() < 1, n


@pytest.mark.parametrize("count", [3, 4])
def test_a_frozen_level_keeps_its_state_to_the_bit_and_pays_nothing(count, video):
    model = small(count)
    found = inferred(model, video)
    terms = model.terms(found)
    for n, course in enumerate(found.courses):
        frozen = ~found.seen[..., n]
        assert frozen.any() == (n >= 2)
        rows, frames = frozen.nonzero(as_tuple=True)
        for values in (course.posterior.mean, course.posterior.deviation, course.sample):
            assert torch.equal(values[rows, frames], values[rows, frames - 1])
        assert (terms.state[..., n][frozen] == 0).all()
        assert (terms.update[..., n][frozen] == 0).all()


def test_roll_out_that_never_changes_leaves_the_upper_levels_constant(video):
    model = small(3)
    _set_change_logit(model, -torch.inf)
    with torch.no_grad():
        states = states_after(inferred(model, video).courses)
        future = roll_out(list(model.levels), states, 12, model.hierarchy, generator())
    for n in (1, 2):
        assert torch.equal(future.samples[n], states[n].sample[:, None].expand(-1, 12, -1))
    assert not torch.equal(future.samples[0][:, 0], future.samples[0][:, 1])


@pytest.mark.parametrize("count", COUNTS)
def test_roll_out_that_always_changes_is_that_of_a_hierarchical_state_space_model(count, video):
    model = small(count)
    _set_change_logit(model, torch.inf)
    with torch.no_grad():
        states = states_after(inferred(model, video).courses)
        future = roll_out(list(model.levels), states, 5, model.hierarchy, generator(3))
        gen = generator(3)
        draws = [torch.randn((5, *state.sample.shape), generator=gen, dtype=torch.float32).double() for state in states]
        memory, clock = [s.memory for s in states], [s.clock for s in states]
        for t in range(5):
            context = None
            for n in reversed(range(count)):
                level = model.levels[n]
                sample = level.predict(memory[n], context).sample(draws[n][t])
                torch.testing.assert_close(future.samples[n][:, t], sample)
                context = level.top_down(sample, context)
                memory[n] = level.tick(sample, clock[n], memory[n])
                clock[n] = torch.ones_like(clock[n])
            torch.testing.assert_close(future.decoded[:, t], context)


def _set_change_logit(model, value):
    for level in model.levels[1:]:
        torch.nn.init.zeros_(level.factor[-1].weight)
        torch.nn.init.constant_(level.factor[-1].bias, value)


@pytest.mark.parametrize("count", [2, 3])
def test_nothing_changes_in_a_video_that_stands_still(count, video):
    """The static KL is 0 there, no change KL is below, and ties are static."""
    model = small(count)
    still = video[:, :1].expand_as(video)
    found = inferred(model, still)
    assert found.changed[:, 0].all()
    assert not found.changed[:, 1:, 1:].any()
    q = found.courses[-1].posterior
    torch.testing.assert_close(
        divergence(q, found.courses[-1].previous), torch.zeros(video.shape[:2]).double(), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("assignment", ["hard", "vade"])
@pytest.mark.parametrize("count", COUNTS)
def test_the_loss_and_its_gradients_are_finite(count, assignment, video):
    model = small(count, hierarchy={"assignment": assignment})
    parts = model.loss(video, END, generator())
    parts["loss"].backward()
    assert all(torch.isfinite(value) for value in parts.values())
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name


def test_no_gradient_reaches_the_component_that_was_not_selected(video):
    model = small(2)
    found = inferred(model, video)
    change = model.levels[1].predict(found.courses[1].memory[:, :-1], None)
    static = found.courses[1].previous
    leaves = [one.detach().requires_grad_() for one in (change.mean, static.mean)]
    course = found.courses[1]
    replaced = type(course)(
        course.posterior, Gaussian(leaves[1], static.deviation), course.sample, course.memory, course.clock, None
    )
    model.levels[1].predict = lambda *_: Gaussian(leaves[0], change.deviation)
    terms = model.terms(found._replace(courses=[found.courses[0], replaced]))
    slopes = torch.autograd.grad(terms.state[..., 1].sum(), leaves)
    changed = found.changed[..., 1]
    assert (slopes[0][~changed] == 0).all()
    assert (slopes[0][changed] != 0).any()
    assert (slopes[1][changed] == 0).all()
    assert (slopes[1][~changed] != 0).any()


def test_without_the_static_gradient_the_previous_posterior_is_not_moved(video):
    def slope(static_gradient: bool) -> torch.Tensor:
        model = small(2, hierarchy={"static_gradient": static_gradient})
        found = inferred(model, video)
        mean = found.courses[1].posterior.mean
        previous = found.courses[1].previous
        loss = model.terms(found).state[..., 1].sum()
        return torch.autograd.grad(loss, previous.mean, allow_unused=True)[0] if mean.requires_grad else mean

    assert slope(static_gradient=False) is None
    assert (slope(static_gradient=True) != 0).any()


@pytest.mark.parametrize("count", COUNTS)
def test_the_state_after_the_context_does_not_depend_on_what_follows(count, video):
    model = small(count)
    other = video.clone()
    other[:, 5:] = torch.rand(other[:, 5:].shape, generator=generator(9)).double()
    first, second = (inferred(model, one) for one in (video, other))
    for a, b in zip(first.courses, second.courses, strict=True):
        torch.testing.assert_close(a.sample[:, :5], b.sample[:, :5], rtol=0, atol=0)
        torch.testing.assert_close(a.memory[:, :6], b.memory[:, :6], rtol=0, atol=1e-12)
    assert torch.equal(first.changed[:, :5], second.changed[:, :5])


def test_one_level_is_a_recurrent_state_space_model(video):
    """One KL for each frame, to a prior that has seen the states before."""
    model = small(1)
    found = inferred(model, video)
    level, course = model.levels[0], found.courses[0]
    memory = torch.zeros(len(video), level.memory_size).double()
    kl = []
    for t in range(video.shape[1]):
        q = level.infer(model.features(video)[0][:, t], None)
        kl.append(divergence(q, level.predict(memory, None)))
        memory = level.tick(course.sample[:, t], course.clock[:, t], memory)
    torch.testing.assert_close(model.terms(found).state[..., 0], torch.stack(kl, 1))
    parts = model.loss(video, END, generator(1))
    assert set(parts) == {"loss", "error", "kl-1"}
    torch.testing.assert_close(parts["kl-1"], torch.stack(kl, 1).mean())


def test_without_nesting_every_level_is_examined_at_every_frame(video):
    model = small(4, hierarchy={"nested": False})
    found = inferred(model, video)
    assert found.seen.all()
    assert (found.changed[:, 1:, 2] > found.changed[:, 1:, 1]).any()


def test_ticks_at_every_examined_frame_move_the_memory_of_a_static_level(video):
    model = small(2, hierarchy={"ticks": "examined"})
    found = inferred(model, video)
    stays = ~found.changed[:, :, 1]
    memory = found.courses[1].memory
    assert (memory[:, 1:] != memory[:, :-1]).any(-1)[stays].all()
    held = inferred(small(2), video)
    stays = ~held.changed[:, :, 1]
    memory = held.courses[1].memory
    assert (memory[:, 1:] == memory[:, :-1]).all(-1)[stays].all()


def test_marks_and_clocks():
    marked = torch.tensor([[True, False, False, True, False]])
    assert latest(marked).tolist() == [[0, 0, 0, 3, 3]]
    assert since(marked).tolist() == [[0, 1, 2, 3, 1, 2]]


@pytest.mark.parametrize("count", COUNTS)
def test_predictions_have_their_shape_and_range(count, video):
    model = small(count)
    found = model.predict(video, 4, 5, generator())
    assert found.shape == (5, 3, 4, 8, 8, 3)
    assert found.min() >= 0
    assert found.max() <= 1
    again = model.predict(video, 4, 5, generator())
    assert torch.equal(found, again)
    assert not torch.equal(found[0], found[1])
