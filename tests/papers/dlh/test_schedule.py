"""The schedules of the card's recipe at 1,200 updates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.dlh.schedule import learning_rate, point
from tenfold.papers.dlh.settings import Training

RECIPE = Training(
    updates=1200, learning_rate=1e-3, first_deviation=0.5, deviation=0.1, deviation_until=2 / 3, first_divergence=0.3,
    divergence_until=0.25, margin=5, margin_from=0, margin_until=5 / 6, decay_from=0.5, last_rate=0.05,
)  # fmt: skip


@pytest.mark.parametrize(("update", "value"), [(1, 0.5), (401, 0.5 * 0.2**0.5), (801, 0.1), (1200, 0.1)])
def test_the_deviation_falls_geometrically_over_800_updates(update, value):
    assert point(RECIPE, update).deviation == pytest.approx(value)


@pytest.mark.parametrize(("update", "value"), [(1, 0.3), (151, 0.65), (301, 1.0), (1200, 1.0)])
def test_the_weight_of_the_divergence_rises_over_300_updates(update, value):
    assert point(RECIPE, update).divergence == pytest.approx(value)


@pytest.mark.parametrize(("update", "value"), [(1, 5.0), (501, 2.5), (1001, 0.0), (1200, 0.0)])
def test_the_margin_falls_linearly_over_1000_updates(update, value):
    assert point(RECIPE, update).margin == pytest.approx(value)


def test_the_margin_may_stay_for_a_while():
    late = RECIPE.model_copy(update={"margin_from": 0.5, "margin_until": 1.0})
    assert [point(late, update).margin for update in (1, 601, 901)] == pytest.approx([5, 5, 2.5])


@pytest.mark.parametrize(("update", "value"), [(1, 1e-3), (601, 1e-3), (901, 1e-3 * (1 - 0.95 / 2))])
def test_the_learning_rate_is_constant_for_half_of_the_updates(update, value):
    assert learning_rate(RECIPE, update) == pytest.approx(value)


@given(st.integers(1, 500), st.floats(0, 1), st.floats(0, 1))
def test_schedules_stay_within_their_ends(updates, until, start):
    settings = Training(
        updates=updates, deviation_until=until, divergence_until=until, margin_from=start, margin_until=until
    )
    for update in (1, (updates + 1) // 2, updates):
        at = point(settings, update)
        assert 0.1 - 1e-12 <= at.deviation <= 0.5 + 1e-12
        assert 0.3 <= at.divergence <= 1
        assert 0 <= at.margin <= 5
        assert 0.05e-3 - 1e-12 <= learning_rate(settings, update) <= 1e-3
