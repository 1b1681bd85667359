"""Distortions, pseudo-scores, crops, natural-scene statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.special import gamma

from tenfold import paths
from tenfold.metrics.image_quality import luma
from tenfold.papers.pmtiqa.baselines.niqe import niqe_distance, pristine_model
from tenfold.papers.pmtiqa.images import natural_scenes
from tenfold.papers.pmtiqa.images.crops import CROP, as_input, crop_corners, cut
from tenfold.papers.pmtiqa.images.distortions import DISTORTIONS
from tenfold.papers.pmtiqa.images.pseudo_scores import full_reference, pseudo_dmos

LEVELS = {
    "awgn": [6, 13, 26, 45], "jpeg": [50, 22, 10, 4], "jp2k": [40, 80, 160, 320],
    "gblur": [0.8, 1.6, 2.8, 5], "pink": [5, 11, 20, 34], "contrast": [0.75, 0.5, 0.3, 0.15],
}  # fmt: skip


def photograph(name: str) -> np.ndarray:
    with Image.open(paths.EMBEDDED / "photographs" / f"{name}.png") as image:
        return np.asarray(image.convert("RGB"))[80:280, 150:410]


@pytest.fixture(scope="module")
def distances():
    """(2 photographs, 6 types, 4 levels, 3 formulas)."""
    found = []
    for reference in map(photograph, ("stream", "dahlia")):
        for kind, parameters in LEVELS.items():
            for level, parameter in enumerate(parameters):
                image = DISTORTIONS[kind](reference, parameter, np.random.default_rng(level))
                found.append(full_reference(reference, image))
    return np.array(found).reshape(2, 6, 4, 3)


def test_pseudo_scores_without_noise_rise_with_the_level_of_every_distortion(distances):
    scores = pseudo_dmos(distances.reshape(-1, 3), 0.0, np.random.default_rng(0)).reshape(2, 6, 4)
    assert (np.diff(scores, axis=2) > 0).all()
    assert scores.min() >= 0
    assert scores.max() <= 100


def test_pseudo_scores_are_means_of_ranks():
    distances = np.array([[0.1, 0.3, 0.0], [0.2, 0.1, 0.1], [0.3, 0.2, 0.2]])
    scores = pseudo_dmos(distances, 0.0, np.random.default_rng(0))
    assert scores == pytest.approx(100 * np.array([(0 + 1 + 0) / 3, (0.5 + 0 + 0.5) / 3, (1 + 0.5 + 1) / 3]))


def test_raters_noise_is_added_and_clipped():
    distances = np.tile(np.linspace(0, 1, 2001)[:, None], (1, 3))
    noisy = pseudo_dmos(distances, 5.0, np.random.default_rng(3))
    middle = slice(400, 1600)
    assert (noisy - 100 * distances[:, 0])[middle].std() == pytest.approx(5, rel=0.1)
    assert noisy.min() == 0
    assert noisy.max() == 100


def test_noises_have_the_asked_deviation_and_pink_noise_the_asked_spectrum():
    grey = np.full((256, 256, 3), 128, np.uint8)
    for kind in ("awgn", "pink"):
        noise = DISTORTIONS[kind](grey, 15, np.random.default_rng(1)).astype(float) - 128
        assert noise.std() == pytest.approx(15, rel=0.02), kind
        assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.1
    power = np.abs(np.fft.fft2(noise[..., 0])) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    low, high = ((radius > a) & (radius < b) for a, b in ((0.02, 0.04), (0.2, 0.4)))
    assert power[low].mean() / power[high].mean() == pytest.approx(100, rel=0.25)  # 1 / f in amplitude: f^-2 in power


def test_blur_keeps_the_mean_and_contrast_scales_the_deviation():
    image = photograph("stream")
    blurred = DISTORTIONS["gblur"](image, 2.0, np.random.default_rng(0))
    assert blurred.mean() == pytest.approx(image.mean(), abs=0.5)
    flat = DISTORTIONS["contrast"](image, 0.3, np.random.default_rng(0))
    assert flat.std((0, 1)) == pytest.approx(0.3 * image.std((0, 1)), rel=0.02)


@pytest.mark.parametrize("kind", DISTORTIONS)
def test_a_distortion_gives_an_image_of_the_same_kind_and_depends_on_its_generator_alone(kind):
    image = photograph("dahlia")
    one, two = (DISTORTIONS[kind](image, LEVELS[kind][2], np.random.default_rng(4)) for _ in range(2))
    assert one.shape == image.shape
    assert one.dtype == np.uint8
    assert np.array_equal(one, two)


@settings(max_examples=25)
@given(st.integers(CROP, CROP + 40), st.integers(CROP, CROP + 40), st.integers(0, 9))
def test_crops_lie_inside_the_image(height, width, seed):
    image = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)
    corners = crop_corners(height, width, 3, np.random.default_rng(seed))
    crops = cut(image, corners)
    assert crops.shape == (3, CROP, CROP, 3)
    row, column = corners[1]
    assert crops[1, 0, 0, 0] == image[row, column, 0]
    assert crops[1, -1, -1, 2] == image[row + CROP - 1, column + CROP - 1, 2]


def test_an_image_smaller_than_a_crop_is_refused():
    with pytest.raises(ValueError, match="no crop of 224 x 224"):
        crop_corners(223, 500, 1, np.random.default_rng(0))


def test_inputs_are_normalized_as_for_imagenet():
    crops = np.zeros((1, 2, 2, 3), np.uint8)
    crops[0, 0, 1] = (255, 51, 102)
    found = as_input(crops)[0, :, 0, 1].numpy()
    assert found == pytest.approx([(1 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (0.4 - 0.406) / 0.225], abs=1e-5)


# ------------------------------------------------------------------------------ natural-scene statistics


def generalized(shape: float, size: int, generator: np.random.Generator) -> np.ndarray:
    """Draws of a generalized Gaussian of deviation 1: a root of Gamma draws with random signs."""
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return scale * generator.gamma(1 / shape, size=size) ** (1 / shape) * generator.choice([-1, 1], size)


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 4.0])
def test_the_shape_of_a_generalized_gaussian_is_found_again(shape):
    draws = 1.7 * generalized(shape, 400_000, np.random.default_rng(5))
    found, variance = natural_scenes.generalized_gaussian(draws[None])
    assert found[0] == pytest.approx(shape, rel=0.03)
    assert variance[0] == pytest.approx(1.7**2, rel=0.03)


def test_shape_and_both_deviations_of_an_asymmetric_one_are_found_again():
    draws = np.abs(generalized(1.5, 600_000, np.random.default_rng(6)))
    left, right = 0.5, 2.0
    negative = np.random.default_rng(7).random(len(draws)) < left / (left + right)
    found = natural_scenes.asymmetric_gaussian(np.where(negative, -left * draws, right * draws)[None])
    assert [value[0] for value in found] == pytest.approx([1.5, left, right], rel=0.03)


def test_coefficients_are_normalized_by_the_mean_and_deviation_under_a_gaussian_window():
    noise = 128 + 30 * np.random.default_rng(8).standard_normal((60, 70))

    def window(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, 7 / 6, mode="nearest", radius=3)

    deviation = np.sqrt(window(noise**2) - window(noise) ** 2)
    coefficients, sigma = natural_scenes.mscn(noise)
    assert sigma == pytest.approx(deviation)
    assert coefficients == pytest.approx((noise - window(noise)) / (deviation + 1))


def test_features_do_not_see_the_brightness():
    noise = 100 + 20 * np.random.default_rng(8).standard_normal((120, 130))
    features = natural_scenes.brisque_features(noise)
    assert features.shape == (36,)
    assert natural_scenes.brisque_features(noise + 40) == pytest.approx(features, abs=2e-3)


def test_neighbour_products_are_those_of_four_directions():
    ramp = np.arange(20.0).reshape(1, 4, 5)
    pairs = {"right": 1, "below": 5, "diagonal": 6, "other diagonal": 4}
    features = natural_scenes._scale_features(ramp, "variance")[0]
    for number, offset in enumerate(pairs.values()):
        rows, columns = np.mgrid[:4, :5]
        flat = rows * 5 + columns
        down, across = natural_scenes.SHIFTS[number]
        inside = (rows + down < 4) & (columns + across < 5) & (columns + across >= 0)
        products = flat[inside] * (flat[inside] + offset)
        shape, _, right = natural_scenes.asymmetric_gaussian(products[None].astype(float))
        assert features[2 + 4 * number] == pytest.approx(shape[0])
        assert features[5 + 4 * number] == pytest.approx(right[0] ** 2)


def test_blur_and_noise_move_the_statistics_of_a_photograph_in_opposite_directions():
    image = photograph("stream")
    clean, blurred, noisy = (
        natural_scenes.brisque_features(luma(one))
        for one in (
            image, DISTORTIONS["gblur"](image, 2.8, np.random.default_rng(0)),
            DISTORTIONS["awgn"](image, 45, np.random.default_rng(0)),
        )
    )  # fmt: skip
    assert blurred[1] < clean[1] < noisy[1]


def test_niqe_measures_patches_and_distorted_ones_are_further_from_pristine_ones():
    image = photograph("stream")
    patches, sharpness = natural_scenes.niqe_features(luma(image), 64)
    assert patches.shape == (3 * 4, 36)
    assert sharpness.shape == (12,)
    other, _ = natural_scenes.niqe_features(luma(photograph("dahlia")), 32)
    model = pristine_model(other, np.ones(len(other)), 0.5)

    def distance(one: np.ndarray) -> float:
        found, _ = natural_scenes.niqe_features(luma(one), 32)
        return float(niqe_distance(found.mean(0)[None], np.cov(found.T)[None], *model)[0])

    strong = DISTORTIONS["awgn"](photograph("dahlia"), 45, np.random.default_rng(1))
    assert distance(photograph("dahlia")) == pytest.approx(0, abs=1e-6)
    assert distance(strong) > 1


def test_niqe_is_the_mahalanobis_distance_where_both_covariances_agree():
    generator = np.random.default_rng(9)
    root = generator.standard_normal((5, 5))
    covariance, mean = root @ root.T, generator.standard_normal(5)
    point = generator.standard_normal(5)
    expected = np.sqrt((point - mean) @ np.linalg.solve(covariance, point - mean))
    assert niqe_distance(point[None], covariance[None], mean, covariance)[0] == pytest.approx(expected)
