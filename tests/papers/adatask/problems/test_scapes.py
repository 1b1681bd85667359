"""Generated scenes: geometry, classes, depth, and that nothing but the given sprites enters."""

import numpy as np
import pytest
import torch

from tenfold.papers.adatask.problems import scapes
from tenfold.papers.adatask.problems.augmentation import augmented


def sprites(level=200):
    return np.full((10, 28, 28), level, np.uint8), np.arange(10)


def made(count=60, seed=0):
    return scapes.scenes(count, *sprites(), np.random.default_rng(seed))


def test_sky_has_no_depth_and_the_ground_rises_linearly_to_the_bottom():
    scenes = made()
    assert (scenes.depth[scenes.classes == scapes.SKY] == 0).all()
    assert set(np.unique(scenes.classes)) == set(range(7))
    for classes, depth in zip(scenes.classes, scenes.depth, strict=True):
        column = np.flatnonzero((classes >= scapes.GROUND).all(1) & (classes == scapes.GROUND).any(1))
        ground = [depth[row][classes[row] == scapes.GROUND][0] for row in column]
        steps = np.diff(ground)[np.diff(column) == 1]
        assert steps == pytest.approx(np.full(len(steps), steps[0]), abs=1e-6)
        assert 0.29 < depth[-1].max() <= 0.51


def test_an_item_has_one_depth_that_of_the_ground_where_it_stands():
    scenes = made()
    for classes, depth in zip(scenes.classes, scenes.depth, strict=True):
        items = classes >= 2
        values = np.unique(depth[items])
        assert 1 <= len(values) <= 4
        bottom = np.flatnonzero(items.any(1)).max()  # the nearest item stands lowest and hides the others
        assert depth[bottom][items[bottom]].max() == pytest.approx(values.max())


def test_nearer_items_are_larger():
    scenes = made(200)
    distances, areas = [], []
    for classes, depth in zip(scenes.classes, scenes.depth, strict=True):
        nearest = depth[classes >= 2].max()
        distances.append(nearest)
        areas.append((depth[classes >= 2] == nearest).sum())
    assert np.corrcoef(distances, areas)[0, 1] > 0.6


def test_class_shares_are_near_those_of_the_card():
    """With full-square sprites items cover more than the real ones do; sky does not depend on sprites so much."""
    shares = scapes.class_shares(made(400).classes)
    assert shares.sum() == pytest.approx(1)
    assert 0.2 < shares[scapes.SKY] < 0.32
    assert shares[scapes.GROUND] > 0.35


def test_the_same_generator_gives_the_same_scenes_and_another_one_others():
    assert (made(3).images == made(3).images).all()
    assert (made(3).images != made(3, seed=1).images).any()


def test_resizing_keeps_constants_and_the_identity():
    assert scapes._interpolation(28, 28) == pytest.approx(np.eye(28))
    assert scapes._interpolation(9, 28).sum(1) == pytest.approx(np.ones(9))
    ramp = np.arange(28.0)
    assert scapes._interpolation(14, 28) @ ramp == pytest.approx(2 * np.arange(14) + 0.5)


def test_augmentation_keeps_shapes_labels_and_divides_depth_by_the_scale():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(30, 3, 12, 24)
    classes = torch.full((30, 12, 24), 4)
    depth = torch.full((30, 12, 24), 0.6)
    new_images, new_classes, new_depth = augmented(images, classes, depth, generator)
    assert new_images.shape == images.shape
    assert (new_classes == 4).all()
    values = {round(value, 4) for value in new_depth.unique().tolist()}
    assert values == {0.6, 0.5, 0.4}
    same = [(new_images[i] == images[i]).all() for i in range(30) if new_depth[i, 0, 0] > 0.55]
    assert 0 < sum(same) < len(same)  # unscaled ones are as they were, or mirrored
