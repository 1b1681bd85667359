import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tenfold.papers.dmf_spe import oracle

scales = st.floats(1e-3, 0.3)
sigmas = st.floats(0.5, 5)


def recursion(depth, sigma, start, steps):
    return oracle.recursion(np.array([start]), np.array([sigma]), 0.1, depth, range(steps))[:, 0]


def test_recursion_of_depth_2_gives_the_reference_values():
    expected = [0.01, 0.01437601, 0.0206518834, 0.0296364401, 0.0424659376, 0.0607189105]
    assert recursion(2, 2.0, 0.1, 6) == pytest.approx(expected, abs=1e-10)


def test_recursion_of_depth_3_gives_the_reference_values():
    expected = [0.125, 0.1635551453, 0.2179476348, 0.2958568559, 0.4085213175, 0.5710086305]
    assert recursion(3, 2.0, 0.5, 6) == pytest.approx(expected, abs=1e-10)


def test_recursion_can_skip_steps():
    every = oracle.recursion(np.array([0.1, 0.2]), np.array([2.0, 1.0]), 0.05, 3, range(41))
    some = oracle.recursion(np.array([0.1, 0.2]), np.array([2.0, 1.0]), 0.05, 3, [0, 7, 8, 40])
    assert (some == every[[0, 7, 8, 40]]).all()


def test_flow_of_depth_2_gives_the_reference_values():
    values = [oracle.flow_value(time, 0.01, 2.0) for time in (1, 2, 4)]
    assert values == pytest.approx([0.4305879205, 1.8748411137, 1.9999552120], abs=1e-9)


@pytest.mark.parametrize(
    ("start", "depth", "expected"),
    [(0.01, 2, 1.3233262062), (1e-3, 3, 4.6613275391), (1e-4, 4, 24.9045562892)],
)
def test_flow_times_to_half_of_sigma_2_are_the_reference_values(start, depth, expected):
    assert oracle.flow_time(start, 1.0, 2.0, depth) == pytest.approx(expected, abs=1e-9)


@given(scale=scales, sigma=sigmas, share=st.floats(0.1, 0.95), depth=st.sampled_from([1, 2, 4]))
def test_closed_form_flow_times_equal_the_quadrature(scale, sigma, share, depth):
    start, end = scale**depth * 0.1, share * sigma
    if start < end:
        closed = oracle.flow_time(start, end, sigma, depth)
        assert closed == pytest.approx(oracle.flow_time_by_quadrature(start, end, sigma, depth), rel=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_flow_times_agree_with_a_numerical_solution_of_the_flow(depth):
    sigma, start = 1.7, 0.02
    time = oracle.flow_time(start, 0.9 * sigma, sigma, depth)
    solution = solve_ivp(
        lambda _, u: depth * u ** (2 - 2 / depth) * (sigma - u), (0, time), [start], rtol=1e-10, atol=1e-12
    )
    assert solution.y[0, -1] == pytest.approx(0.9 * sigma, rel=1e-6)


@given(sigma=sigmas, start=st.floats(1e-4, 0.1), time=st.floats(0.01, 5))
def test_flow_value_is_the_inverse_of_flow_time_at_depth_2(sigma, start, time):
    value = oracle.flow_value(time, start, sigma)
    if value < sigma * (1 - 1e-6):
        assert oracle.flow_time(start, value, sigma, 2) == pytest.approx(time, rel=1e-6, abs=1e-8)


def test_leading_order_of_the_escape_time_is_approached_for_small_starts():
    assert oracle.leading_escape_time(1e-3, 2.0, 3) == pytest.approx(5.0)
    for depth in (2, 3, 4):
        exact = oracle.flow_time(1e-14, 1.0, 2.0, depth)
        assert oracle.leading_escape_time(1e-14, 2.0, depth) == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("depth", [3, 4])
def test_deep_escape_times_scale_like_a_power_of_alpha_and_one_over_sigma(depth):
    small, large = oracle.escape_times(1e-3, [2.0, 1.0], depth), oracle.escape_times(2e-3, [2.0, 1.0], depth)
    assert small / large == pytest.approx(2.0 ** (depth - 2), rel=0.01)
    assert small[1] / small[0] == pytest.approx(2.0, rel=0.01)


def test_flow_time_is_zero_when_already_there():
    assert oracle.flow_time(0.6, 0.5, 1.0, 3) == 0


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (-1.0, 0.5), (0.1, 1.0), (0.1, 1.5)])
def test_impossible_flow_times_are_refused(start, end):
    with pytest.raises(ValueError, match="must be"):
        oracle.flow_time(start, end, 1.0, 3)


def test_depth_1_has_no_leading_escape_time():
    with pytest.raises(ValueError, match="linear model"):
        oracle.leading_escape_time(0.1, 1.0, 1)


def test_plateau_losses_are_half_sums_of_unlearned_squares():
    assert oracle.plateau_losses([5, 4, 3, 2, 1]).tolist() == [27.5, 15, 7, 2.5, 0.5, 0]


def test_the_critical_rate_is_two_over_the_largest_curvature():
    assert oracle.critical_rate(4.0, 2) == pytest.approx(0.25)
    assert oracle.critical_rate(4.0, 3) == pytest.approx(2 / (3 * 4 ** (4 / 3)))


def test_saddle_indices_of_the_top_saddles_at_depth_2_count_unlearned_times_unused():
    indices = [oracle.saddle_index([3, 2, 1], range(r), 6, 2) for r in range(4)]
    assert indices == [18, 10, 4, 0]
    assert [oracle.smallest_eigenvalue([3, 2, 1], range(r), 6, 2) for r in range(4)] == [-3, -2, -1, 0]


def test_deeper_top_saddles_have_no_negative_eigenvalue_but_others_do():
    for depth in (3, 4):
        assert [oracle.saddle_index([3, 2, 1], range(r), 6, depth) for r in range(4)] == [0, 0, 0, 0]
        assert oracle.saddle_index([3, 2, 1], [1], 6, depth) == 1
        assert oracle.saddle_index([3, 2, 1], [2], 6, depth) == 2
    assert oracle.smallest_eigenvalue([3, 2, 1], [1], 6, 3) == pytest.approx(-1.25992, abs=1e-5)
    assert oracle.smallest_eigenvalue([3, 2, 1], [1], 6, 4) == pytest.approx(-math.sqrt(2))
    assert oracle.smallest_eigenvalue([3, 2, 1], [2], 6, 3) == pytest.approx(-2)


def test_negative_curvature_near_a_saddle_vanishes_with_alpha_only_beyond_depth_2():
    values = [oracle.near_saddle_eigenvalue([3, 2, 1], 1, 0.05, depth) for depth in (2, 3, 4)]
    assert values == pytest.approx([-1.99750, -0.1999875, -0.01499995], abs=1e-7)
