import numpy as np
import pytest
import torch

from tenfold.data.preparation import Preparation
from tenfold.errors import ConfigError
from tenfold.papers.pruning_init.prepare import prepare
from tenfold.papers.pruning_init.settings import Prepare, TheoryData, Train
from tenfold.papers.pruning_init.theory import patches
from tenfold.papers.pruning_init.theory.masks import mask_of
from tenfold.settings import validate

THEORY = {"power": 3, "filters": 5, "init_sd": 0.1, "noise_levels": [0.1], "learning_rate": 0.1, "max_steps": 10}


def generated(seeds=(0, 1), **changed):
    block = {"dimension": 300, "examples": 40, "test_noises": 100, **changed}
    return prepare(Preparation("pruning-init", "theory", {"theory": block}, seeds)).arrays


def test_signals_are_unit_vectors_on_coordinates_of_their_own():
    np.testing.assert_array_equal(generated(classes=3)["signals"], np.eye(3, 300))
    sign = generated(layout="sign")["signals"]
    np.testing.assert_array_equal(sign[0], -sign[1])
    assert patches.signal_coordinates(sign).tolist() == [True] + [False] * 299


def test_noise_is_standard_normal_and_fresh_for_the_test():
    data = generated()
    assert data["noise"].mean() == pytest.approx(0, abs=0.03)
    assert data["noise"].std() == pytest.approx(1, abs=0.03)
    assert not np.isin(data["test_noise"], data["noise"]).mean() > 0.01


def test_noise_can_be_kept_off_the_signals():
    data = generated(classes=3, noise_off_signal=True)
    assert not data["noise"][..., :3].any()
    assert not data["test_noise"][..., :3].any()
    assert data["noise"][..., 3:].all()


def test_a_seed_has_the_same_data_whatever_the_other_seeds():
    together, alone = generated((0, 1)), generated((1,))
    for name in ("labels", "noise", "test_noise"):
        np.testing.assert_array_equal(together[name][1], alone[name][0])
        assert not np.array_equal(together[name][0], together[name][1])


def test_labels_are_uniform_or_balanced():
    counts = [np.bincount(patches.labels(seed, 20, 2), minlength=2) for seed in range(300)]
    assert np.mean(counts, axis=0).tolist() == pytest.approx([10, 10], abs=0.6)
    assert np.std([c[0] for c in counts]) == pytest.approx(np.sqrt(5), abs=0.3)
    for seed in range(5):
        assert np.bincount(patches.labels(seed, 20, 2, "balanced")).tolist() == [10, 10]
    assert len({tuple(patches.labels(seed, 20, 2, "balanced")) for seed in range(5)}) == 5


def random_layer(seed=0):
    generator = torch.Generator().manual_seed(seed)
    initial = torch.randn(2, 10, 50, generator=generator, dtype=torch.float64)
    return initial, torch.rand(initial.shape, generator=generator, dtype=torch.float64)


def test_random_masks_keep_their_share_and_are_nested():
    initial, uniform = random_layer()
    signal = torch.zeros(50, dtype=torch.bool)
    masks = [mask_of("random", keep, initial, uniform, signal) for keep in (0.5, 0.2, 0.1)]
    for mask, keep in zip(masks, (0.5, 0.2, 0.1), strict=True):
        assert mask.double().mean().item() == pytest.approx(keep, abs=4 * np.sqrt(keep * (1 - keep) / 1000))
    assert not (masks[2] & ~masks[1]).any()
    assert not (masks[1] & ~masks[0]).any()


def test_oracle_mask_spares_the_signals_and_is_random_elsewhere():
    initial, uniform = random_layer()
    signal = torch.arange(50) < 2
    oracle, random = (mask_of(rule, 0.1, initial, uniform, signal) for rule in ("oracle", "random"))
    assert oracle[..., :2].all()
    assert torch.equal(oracle[..., 2:], random[..., 2:])


@pytest.mark.parametrize(("keep", "filters"), [(0.5, 5), (0.2, 2), (0.01, 1)])
def test_narrow_mask_keeps_whole_filters(keep, filters):
    initial, uniform = random_layer()
    mask = mask_of("narrow", keep, initial, uniform, torch.zeros(50, dtype=torch.bool))
    assert torch.equal(mask.all(-1), mask.any(-1))
    assert mask.any(-1).sum(1).tolist() == [filters, filters]


@pytest.mark.parametrize("keep", [0.5, 0.1, 0.003])
def test_magnitude_mask_keeps_the_largest_weights(keep):
    initial, uniform = random_layer()
    mask = mask_of("magnitude", keep, initial, uniform, torch.zeros(50, dtype=torch.bool))
    assert mask.sum().item() == round(1000 * keep)
    assert initial[mask].abs().min() > initial[~mask].abs().max()


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (Prepare, {}, "exactly one of theory and images"),
        (TheoryData, {"dimension": 5, "examples": 3, "layout": "sign", "classes": 3}, "two classes"),
        (TheoryData, {"dimension": 5, "examples": 3, "classes": 6}, "coordinate of its own"),
        (Train, {"keep": [0.1, 0.5], "theory": THEORY}, "from the highest to the lowest"),
        (Train, {"keep": [1.5], "theory": THEORY}, "above 0 and up to 1"),
        (Train, {"keep": [1.0], "mask": "snip", "theory": THEORY}, "not made for this kind of data"),
        (Train, {"keep": [1.0], "mask": "oracle", "images": {"epochs": 1}}, "not made for this kind of data"),
        (Train, {"keep": [1.0], "theory": {**THEORY, "noise_levels": [0.1, 0.1]}}, "each once"),
        (Train, {"keep": [1.0], "theory": {**THEORY, "measured": ["error"]}}, "unknown metric 'error'"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_reason(model, given, message):
    with pytest.raises(ConfigError, match=message):
        validate(model, given, "x.yaml")
