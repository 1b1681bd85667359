import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.dmf_spe import oracle, stages
from tenfold.papers.dmf_spe.settings import Counting


def learned(steps, sigma, times, widths):
    """Singular values (T, R) that rise along logistic curves through sigma_i / 2 at the given times."""
    x = np.maximum((steps[:, None] - np.asarray(times)) / np.asarray(widths), -500)
    return np.asarray(sigma) / (1 + np.exp(-x))


def curves(times, sigma=(3.0, 2.0, 1.0), width=4.0, last=3000):
    steps = np.arange(0, last, 2)
    values = learned(steps, sigma, times, [width] * len(sigma))
    loss = np.square(values - np.asarray(sigma)).sum(1) / 2
    gradient = np.linalg.norm(np.asarray(sigma) * values * (np.asarray(sigma) - values), axis=1) + 1e-9
    return steps, values, gradient, loss, np.asarray(sigma)


def test_both_counters_find_well_separated_stages():
    found = stages.find_stages(*curves([400, 900, 2000]), Counting())
    assert (found.escapes, len(found.peaks)) == (3, 3)
    assert found.times == pytest.approx([400, 900, 2000], abs=1)
    assert found.plateau_ranks.tolist() == [1, 2]
    assert found.plateau_escapes.tolist() == [1, 2]
    assert found.plateau_losses == pytest.approx(oracle.plateau_losses([3, 2, 1])[1:3], abs=1e-6)
    assert found.plateau_errors.max() < 1e-6


def test_escapes_at_the_same_time_count_once():
    found = stages.find_stages(*curves([400, 402, 2000]), Counting())
    assert (found.escapes, len(found.peaks)) == (2, 2)
    assert found.plateau_ranks.tolist() == [2]
    assert found.plateau_escapes.tolist() == [2]


def test_a_mode_that_never_escapes_is_not_counted():
    found = stages.find_stages(*curves([400, 900, 90000]), Counting())
    assert found.escapes == 2
    assert np.isnan(found.times[2])


def test_peaks_after_the_window_are_not_counted():
    steps, values, gradient, loss, sigma = curves([400, 900, 2000])
    noisy = gradient * np.where(steps > 2800, 10.0 ** (2 * np.sin(steps / 10)), 1.0)
    assert len(stages.find_stages(steps, values, noisy, loss, sigma, Counting()).peaks) > 3
    assert len(stages.find_stages(steps, values, noisy, loss, sigma, Counting(window=1.3)).peaks) == 3


@given(rate=st.floats(0.001, 0.05), gap=st.integers(1, 40), threshold=st.floats(1.0, 100.0))
def test_escape_steps_of_exponential_growth_do_not_depend_on_the_record_gap(rate, gap, threshold):
    steps = np.arange(0, 12000, gap)
    values = np.exp(np.minimum(rate * steps, 700))[:, None] * 0.5
    exact = np.log(threshold / 0.5) / rate
    found = stages.escape_steps(steps, values, np.array([threshold]))[0]
    if exact < steps[-1]:
        assert exact - 1e-6 <= found <= exact + 1 + 1e-6


def test_a_mode_above_its_threshold_from_the_start_has_not_escaped():
    times = stages.escape_steps(np.arange(3), np.array([[2.0], [2.0], [2.0]]), np.array([1.0]))
    assert times.tolist() == [0]
    assert stages.count_separated(times, 1.1) == 0


@pytest.mark.parametrize(
    ("times", "count"),
    [([100, 200, 400], 3), ([100, 109, 400], 2), ([100, 100, 100], 1), ([np.nan], 0), ([200, 100], 2), ([], 0)],
)
def test_separated_escapes_are_counted(times, count):
    assert stages.count_separated(np.array(times, dtype=float), 1.1) == count


@given(
    heights=st.lists(st.floats(0.5, 3), min_size=1, max_size=6),
    depths=st.lists(st.floats(0.6, 3), min_size=7, max_size=7),
)
def test_peaks_of_a_zigzag_are_its_tops_and_plateaus_lie_between_them(heights, depths):
    log_norm = [-depths[0]]
    for height, depth in zip(heights, depths[1:], strict=False):
        log_norm += [height, -depth]
    norm = 10.0 ** np.interp(np.arange(0, len(log_norm) - 1 + 0.05, 0.1), np.arange(len(log_norm)), log_norm)
    found = stages.peaks(norm, prominence=3)
    assert found.tolist() == [10 + 20 * i for i in range(len(heights))]
    assert stages.plateaus(norm, found).tolist() == [20 + 20 * i for i in range(len(heights) - 1)]


def test_a_small_bump_is_not_a_peak():
    norm = 10.0 ** np.array([-3, -2, -1, -1.3, -0.9, -2, -4])
    assert stages.peaks(norm, prominence=3).tolist() == [4]


def test_gap_ratio_compares_the_two_gaps():
    assert stages.gap_ratio(np.array([100.0, 200, 500])) == 3
    assert np.isnan(stages.gap_ratio(np.array([100.0, 200])))
    assert np.isnan(stages.gap_ratio(np.array([100.0, 100, 500])))
    assert np.isnan(stages.gap_ratio(np.array([100.0, np.nan, np.nan])))
