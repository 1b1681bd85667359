"""Data: generated signal-and-noise examples for every seed, or images as bytes."""

from __future__ import annotations

import numpy as np

from tenfold.data.preparation import Preparation, Prepared
from tenfold.papers.pruning_init.settings import ImageData, Prepare, TheoryData
from tenfold.papers.pruning_init.theory import patches


def prepare(task: Preparation) -> Prepared:
    """Arrays of the theory's data (see `signal_and_noise`) or of images (see `images`)."""
    settings = Prepare.model_validate(task.settings)
    if settings.theory is not None:
        return signal_and_noise(settings.theory, task.seeds)
    assert settings.images is not None
    return images(settings.images, task)


def signal_and_noise(settings: TheoryData, seeds: tuple[int, ...]) -> Prepared:
    """`seeds` (S,), `signals` (K, d) unit signals, `labels` (S, n), `noise` (S, n, d), `test_noise` (S, T, d)."""
    directions = patches.signal_directions(settings.layout, settings.classes, settings.dimension)

    def noise(stream: int, count: int) -> np.ndarray:
        draw = [
            patches.unit_noise(seed, count, directions, stream=stream, off_signal=settings.noise_off_signal)
            for seed in seeds
        ]
        return np.stack(draw)

    arrays = {
        "seeds": np.array(seeds),
        "signals": directions,
        "labels": np.stack(
            [patches.labels(seed, settings.examples, settings.classes, settings.labels) for seed in seeds]
        ),
        "noise": noise(patches.NOISE, settings.examples),
        "test_noise": noise(patches.TEST_NOISE, settings.test_noises),
    }
    statistics: dict[str, float] = {
        "dimension": settings.dimension,
        "classes": settings.classes,
        "training examples": settings.examples,
        "test examples": settings.test_noises * settings.classes,
        "smallest class in a seed": int((arrays["labels"][..., None] == np.arange(settings.classes)).sum(1).min()),
    }
    return Prepared(arrays, statistics)


def images(settings: ImageData, task: Preparation) -> Prepared:
    """`train`, `test` images (N, H, W[, C]) bytes, `train_labels`, `test_labels` (N,), pixel `mean` and `sd` (C,).

    Mean and standard deviation are those of the training images that are kept, per channel, in units of 255.
    """
    if settings.bundled == "digits":
        train, train_labels, test, test_labels = bundled_digits()
    else:
        from tenfold.data.readers import read

        assert task.reader is not None
        assert task.raw is not None
        found = read(task.reader, task.raw, task.reader_settings)
        train, train_labels, test, test_labels = found.train, found.train_labels, found.test, found.test_labels
    train, train_labels = train[: settings.train_images], train_labels[: settings.train_images]
    test, test_labels = test[: settings.test_images], test_labels[: settings.test_images]
    pixels = train.reshape(*train.shape[:3], -1)  # (N, H, W, C)
    mean = pixels.mean(axis=(0, 1, 2), dtype=np.float64) / 255
    sd = pixels.std(axis=(0, 1, 2), dtype=np.float64) / 255
    arrays = {
        "train": train, "train_labels": train_labels.astype(np.int64),
        "test": test, "test_labels": test_labels.astype(np.int64), "mean": mean, "sd": sd,
    }  # fmt: skip
    classes = int(max(train_labels.max(), test_labels.max())) + 1
    statistics: dict[str, float] = {
        "training images": len(train), "test images": len(test), "classes": classes,
        "pixel mean": round(float(mean.mean()), 4), "pixel sd": round(float(sd.mean()), 4),
    }  # fmt: skip
    return Prepared(arrays, statistics)


def bundled_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """scikit-learn's 8x8 digits: 1437 for training, 360 for testing, pixels scaled to bytes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    pixels = np.round(found.images * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(pixels))
    test, train = order[:360], order[360:]
    return pixels[train], found.target[train], pixels[test], found.target[test]
