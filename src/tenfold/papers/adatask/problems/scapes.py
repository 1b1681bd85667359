"""FashionScapes: generated street-like scenes of real sprites, with the two tasks and seven classes of CityScapes.

A grey scene of 32 x 64 pixels has sky above a horizon and ground below it, whose inverse depth rises towards the
viewer; two to four items stand on the ground and hide what is behind them. Tasks: the class of each pixel, and its
inverse depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HEIGHT, WIDTH = 32, 64
SKY, GROUND = 0, 1
CLASSES = 7
ITEM_CLASS = np.array([2, 4, 2, 3, 2, 5, 2, 5, 6, 5])
"""Label of Fashion-MNIST -> class: shirts and coats 2, dress 3, trouser 4, shoes 5, bag 6."""
VISIBLE = 0.15
"""A sprite's pixel belongs to the item where its intensity is above this."""
NOISE = 0.05
SMALLEST, LARGEST = 6, 26


@dataclass(frozen=True)
class Scenes:
    """`images` (N, 32, 64) float32, `classes` (N, 32, 64) int8, `depth` (N, 32, 64) float32, 0 where not valid."""

    images: np.ndarray
    classes: np.ndarray
    depth: np.ndarray


def scenes(count: int, sprites: np.ndarray, labels: np.ndarray, generator: np.random.Generator) -> Scenes:
    """Draw `count` scenes with items from `sprites` (M, 28, 28) uint8 and their `labels` (M,), 0 to 9."""
    made = Scenes(
        np.empty((count, HEIGHT, WIDTH), np.float32),
        np.empty((count, HEIGHT, WIDTH), np.int8),
        np.empty((count, HEIGHT, WIDTH), np.float32),
    )
    resize = {size: _interpolation(size, sprites.shape[1]) for size in range(SMALLEST, LARGEST + 1)}
    rows = np.arange(HEIGHT)
    # A loop over scenes and items: each covers pixels of its own size and place.
    for image, classes, depth in zip(made.images, made.classes, made.depth, strict=True):
        horizon, camera = int(generator.integers(6, 13)), generator.uniform(0.6, 1)
        ground = np.where(rows < horizon, 0.0, 0.5 * camera * (rows - horizon) / (HEIGHT - 1 - horizon))
        sky_grey, ground_grey = generator.uniform(0.55, 0.65), generator.uniform(0.25, 0.40)
        image[:] = np.where(rows < horizon, sky_grey, ground_grey)[:, None]
        classes[:] = np.where(rows < horizon, SKY, GROUND)[:, None]
        depth[:] = ground[:, None]
        bases = np.sort(generator.integers(horizon + 3, HEIGHT + 1, size=generator.integers(2, 5)))
        for base in bases:  # from far to near
            place = int(generator.integers(len(sprites)))
            distance = ground[base - 1]
            size = int(np.clip(round(4 + 44 * distance * generator.uniform(0.9, 1.1)), SMALLEST, LARGEST))
            sprite = resize[size] @ (sprites[place] / 255.0) @ resize[size].T
            left = int(generator.integers(-size // 2, WIDTH - size // 2))
            top, start, end = max(base - size, 0), max(left, 0), min(left + size, WIDTH)
            sprite = sprite[top - base + size :, start - left : end - left]
            shown = sprite > VISIBLE
            window = slice(top, base), slice(start, end)
            image[window][shown] = sprite[shown]
            classes[window][shown] = ITEM_CLASS[labels[place]]
            depth[window][shown] = distance
        image += NOISE * generator.standard_normal(image.shape)
    return made


def _interpolation(size: int, source: int) -> np.ndarray:
    """Matrix (size, source) of linear interpolation at pixel centres: `A @ image @ A.T` is a bilinear resize."""
    places = np.clip((np.arange(size) + 0.5) * source / size - 0.5, 0, source - 1)
    below = np.minimum(places.astype(int), source - 2)
    share = places - below
    matrix = np.zeros((size, source))
    matrix[np.arange(size), below] = 1 - share
    matrix[np.arange(size), below + 1] = share
    return matrix


def class_shares(classes: np.ndarray) -> np.ndarray:
    """Share of the pixels in each of the seven classes (7,)."""
    return np.bincount(classes[classes >= 0].reshape(-1), minlength=CLASSES) / max(int((classes >= 0).sum()), 1)
