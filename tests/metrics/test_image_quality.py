"""SSIM against scikit-image, GMSD against its definition written with plain convolutions."""

import numpy as np
import pytest
from scipy.signal import convolve2d
from skimage.metrics import structural_similarity

from tenfold.metrics.image_quality import gmsd, halved, luma, ssim


def pair(seed: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:60, :83]
    reference = 120 + 80 * np.sin(rows / 6) * np.cos(columns / 9)
    return reference, np.clip(reference + noise * generator.standard_normal(reference.shape), 0, 255)


@pytest.mark.parametrize("noise", [1.0, 12.0, 60.0])
def test_ssim_is_that_of_scikit_image(noise):
    reference, distorted = pair(1, noise)
    expected = structural_similarity(
        reference, distorted, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert ssim(reference, distorted) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("noise", [1.0, 12.0, 60.0])
def test_gmsd_is_the_deviation_of_the_similarity_of_prewitt_gradients(noise):
    reference, distorted = pair(2, noise)
    prewitt = np.array([[1, 0, -1]] * 3) / 3  # the authors' script: two calls of conv2(..., 'same')
    first, second = (
        np.hypot(convolve2d(one, prewitt, "same"), convolve2d(one, prewitt.T, "same"))
        for one in map(halved, (reference, distorted))
    )
    expected = ((2 * first * second + 170) / (first**2 + second**2 + 170)).std()
    assert gmsd(reference, distorted) == pytest.approx(expected, abs=1e-10)


def test_an_image_is_perfect_beside_itself():
    reference, _ = pair(3, 1.0)
    assert ssim(reference, reference) == pytest.approx(1)
    assert gmsd(reference, reference) == 0


def test_more_noise_is_worse():
    reference, mild = pair(4, 5.0)
    _, strong = pair(4, 30.0)
    assert ssim(reference, mild) > ssim(reference, strong)
    assert gmsd(reference, mild) < gmsd(reference, strong)


def test_luma_and_halving():
    assert luma(np.full((2, 3, 3), 100.0)) == pytest.approx(np.full((2, 3), 100.0))
    assert halved(np.arange(20.0).reshape(4, 5)) == pytest.approx(np.array([[3.0, 5.0], [13.0, 15.0]]))


def test_images_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="one size"):
        ssim(np.zeros((20, 20)), np.zeros((20, 21)))
    with pytest.raises(ValueError, match="smaller than the window"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)))
