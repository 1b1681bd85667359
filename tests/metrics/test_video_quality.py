"""PSNR and SSIM of videos against scikit-image and the paper card's values; the best sample by hand."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tenfold.metrics.video_quality import best_of, psnr, ssim

ROWS, COLUMNS = np.mgrid[:16, :16]
A = ((3 * ROWS + 5 * COLUMNS) % 17 / 16).reshape(1, 1, 16, 16, 1)
B = ((3 * ROWS + 5 * COLUMNS + 1) % 17 / 16).reshape(1, 1, 16, 16, 1)


def constant(value: float) -> np.ndarray:
    return np.full((1, 1, 16, 16, 1), value)


@pytest.mark.parametrize(("truth", "predicted", "value"), [
    (constant(0.5), constant(0.25), 0.8000639795),
    (A, B, 0.6706002172),
    (A, constant(0.0), 3.7366e-06),
    (A, A, 1.0),
])  # fmt: skip
def test_ssim_has_the_reference_values(truth, predicted, value):
    assert ssim(truth, predicted).item() == pytest.approx(value, rel=1e-4 if value < 0.1 else 1e-9)


def test_psnr_has_the_reference_values():
    assert psnr(A, B).item() == pytest.approx(12.0571333585, abs=1e-9)
    assert psnr(constant(0.5), constant(0.6)).item() == pytest.approx(20)  # squared error 0.01
    assert psnr(A, A).item() == pytest.approx(100)


@pytest.mark.parametrize("shape", [(2, 3, 16, 16, 3), (1, 2, 9, 20, 1), (2, 1, 7, 7, 3)])
def test_every_frame_of_every_sample_has_the_values_of_scikit_image(shape):
    generator = np.random.default_rng(0)
    truth = generator.random(shape).astype(np.float32)
    predicted = (truth + 0.3 * generator.standard_normal((4, *shape))).astype(np.float32)
    similar, ratio = ssim(truth, predicted), psnr(truth, predicted)
    assert similar.shape == ratio.shape == (4, *shape[:2])
    for place in np.ndindex(similar.shape):
        one, two = truth[place[1:]].astype(np.float64), predicted[place].astype(np.float64)
        assert similar[place] == pytest.approx(structural_similarity(one, two, data_range=1, channel_axis=-1), abs=1e-9)
        assert ratio[place] == pytest.approx(peak_signal_noise_ratio(one, two, data_range=1), abs=1e-9)


def test_one_prediction_needs_no_axis_of_samples():
    assert ssim(A, B).shape == psnr(A, B).shape == (1, 1)
    assert ssim(A, np.stack([A, B]))[1, 0, 0] == ssim(A, B)[0, 0]


def test_bright_flat_frames_are_exact():
    """Where the variance is a small difference of large numbers, single precision would show."""
    truth = np.full((1, 1, 16, 16, 1), 1.0, dtype=np.float32)
    assert ssim(truth, truth).item() == 1


def test_the_best_sample_of_each_sequence_is_chosen_by_its_mean_over_time():
    values = np.array([
        [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5]],
        [[0.4, 0.4, 0.4], [0.9, 0.0, 0.0]],
    ])  # fmt: skip
    np.testing.assert_array_equal(best_of(values), [[0.4, 0.4, 0.4], [0.5, 0.5, 0.5]])


def test_one_sample_is_its_own_best():
    values = np.random.default_rng(0).random((1, 5, 7))
    np.testing.assert_array_equal(best_of(values), values[0])


def test_more_samples_are_never_worse():
    values = np.random.default_rng(0).random((8, 5, 7))
    means = [best_of(values[:count]).mean() for count in range(1, 9)]
    assert (np.diff(means) >= 0).all()


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_shapes_that_do_not_fit_are_refused(metric):
    with pytest.raises(ValueError, match="truth"):
        metric(A, B[:, :, :8])
    with pytest.raises(ValueError, match="truth"):
        metric(A[0], B[0])


def test_frames_below_the_window_are_refused():
    with pytest.raises(ValueError, match="smaller than the window of 7"):
        ssim(A[:, :, :6], B[:, :, :6])
