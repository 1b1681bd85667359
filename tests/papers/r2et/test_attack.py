"""Attacks: they lower what they should lower, never change a prediction, and stay within their budget."""

import pytest
import torch

from tenfold.papers.r2et.attack import constant_direction, distance_direction, ranking_direction, walk, worst_restart
from tenfold.papers.r2et.ranking import feature_coefficients, position_coefficients, precision_at_k
from tenfold.papers.r2et.saliency import importance, saliency
from tests.papers.r2et.conftest import made_stack

F64 = torch.float64
K = 2


def attacked(stack, x, kind, steps=30, step_size=0.02, record=None, softened=10.0):
    predicted = stack.predict(x)
    soft = stack.softened(softened) if softened else stack
    score = soft.probability_of(predicted)
    if kind == "ranking":
        clean = importance(saliency(stack.probability_of(predicted), x), 1)
        direction = ranking_direction(score, feature_coefficients(clean, position_coefficients(6, K, "all")), 1)
    else:
        direction = distance_direction(score, saliency(score, x), 1)
    return walk(
        direction, lambda v: stack.predict(v) == predicted, x,
        steps=steps, step_size=step_size, sample_dimensions=1, record=record or [steps],
    )  # fmt: skip


def sizes(stack, x, at):
    return importance(saliency(stack.probability_of(stack.predict(x)), at), 1)


@pytest.mark.parametrize("kind", ["ranking", "distance"])
def test_no_steps_leave_everything_in_place(random, kind):
    stack = made_stack()
    x = torch.randn(2, 9, 6, generator=random, dtype=F64)
    (end,) = attacked(stack, x, kind, steps=0, record=[0])
    assert torch.equal(end, x)
    assert (precision_at_k(sizes(stack, x, x), sizes(stack, x, end), K) == 1).all()


@pytest.mark.parametrize("kind", ["ranking", "distance"])
@pytest.mark.parametrize("beta", [None, 3.0])
def test_predictions_never_change_and_the_budget_holds(random, kind, beta):
    stack = made_stack(beta=beta)
    x = torch.randn(2, 60, 6, generator=random, dtype=F64)
    for steps, end in zip((10, 30), attacked(stack, x, kind, record=[10, 30]), strict=True):
        assert torch.equal(stack.predict(end), stack.predict(x))
        assert (end - x).norm(dim=-1).max() <= steps * 0.02 + 1e-9


def test_the_ranking_attack_lowers_the_gaps_more_than_the_other_one(random):
    stack = made_stack(beta=3.0)
    x = torch.randn(2, 60, 6, generator=random, dtype=F64)
    clean = sizes(stack, x, x)
    coefficients = feature_coefficients(clean, position_coefficients(6, K, "all"))

    def gaps(at):
        return (coefficients * sizes(stack, x, at)).sum(-1).mean().item()

    ends = {kind: attacked(stack, x, kind)[0] for kind in ("ranking", "distance")}
    assert gaps(ends["ranking"]) < gaps(x) - 0.01
    assert gaps(ends["ranking"]) < gaps(ends["distance"])
    moved = {kind: (sizes(stack, x, end) - clean).norm(dim=-1).mean() for kind, end in ends.items()}
    assert moved["distance"] > 0


def test_a_sample_at_the_border_stops_at_its_last_unchanged_point():
    x = torch.tensor([[[0.0], [-5.0]]])

    def unchanged(v):
        return v[..., 0] < 0.25

    record = [1, 2, 3, 4]
    reached = walk(
        constant_direction(torch.ones_like(x)), unchanged, x, steps=4, step_size=0.1, sample_dimensions=1, record=record
    )
    assert reached[:, 0, 0, 0].tolist() == pytest.approx([0.1, 0.2, 0.2, 0.2])
    assert reached[:, 0, 1, 0].tolist() == pytest.approx([-4.9, -4.8, -4.7, -4.6])


def test_nothing_moves_without_a_direction():
    x = torch.randn(1, 3, 4)
    (end,) = walk(
        constant_direction(torch.zeros_like(x)), lambda v: torch.ones(1, 3, dtype=torch.bool), x,
        steps=2, step_size=0.1, sample_dimensions=1, record=[2],
    )  # fmt: skip
    assert torch.equal(end, x)


def test_no_attack_changes_the_order_of_a_linear_logit(linear_logit, random):
    x = torch.randn(1, 40, 3, generator=random, dtype=F64)
    clean = importance(saliency(linear_logit, x), 1)
    direction = ranking_direction(linear_logit, feature_coefficients(clean, position_coefficients(3, 1, "all")), 1)
    positive = linear_logit(x) > 0.5
    (end,) = walk(
        direction, lambda v: (linear_logit(v) > 0.5) == positive, x,
        steps=50, step_size=0.05, sample_dimensions=1, record=[50],
    )  # fmt: skip
    assert (end != x).any()
    assert (precision_at_k(clean, importance(saliency(linear_logit, end), 1), 1) == 1).all()


def test_the_gradient_of_the_attack_is_that_of_finite_differences(quadratic):
    x = torch.tensor([[[1.0, 0.5]]], dtype=F64)
    coefficients = torch.tensor([[[1.0, -1.0]]], dtype=F64)
    direction = ranking_direction(quadratic, coefficients, 1)(x)
    assert torch.allclose(direction, -(quadratic.matrix[0] - quadratic.matrix[1]).expand_as(x))


def test_the_worst_restart_is_chosen_for_each_sample():
    objective = torch.tensor([[1.0, 5.0], [2.0, 3.0]])  # (R, B)
    reached = torch.arange(8.0).reshape(2, 2, 2)  # (R, B, n)
    assert worst_restart(objective, reached).tolist() == [[0.0, 1.0], [6.0, 7.0]]
