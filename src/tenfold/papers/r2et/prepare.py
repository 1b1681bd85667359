"""Data: inputs, labels, and for each seed the splits and the scaling that its training rows give."""

from __future__ import annotations

import numpy as np

from tenfold.data.preparation import Preparation, Prepared
from tenfold.errors import ConfigError
from tenfold.papers.r2et.settings import Prepare
from tenfold.training.seeding import numpy_generator


def prepare(task: Preparation) -> Prepared:
    """`inputs` (N, *shape), `labels` (N,), `seeds` (S,); `train`, `validation`, `test` (S, .) are places in them.

    An input is used as (input - shift) / scale; `shift` and `scale` (S, ...) broadcast to (S, *shape). `neutral`
    (S, *shape) is what a removed feature is set to, scaled: the training mean of a table and of edges, 0 of an image.
    """
    settings = Prepare.model_validate(task.settings)
    if settings.brains is not None:
        from tenfold.papers.r2et.brains import brain_networks

        edges, labels, differs = brain_networks(settings.brains, numpy_generator(0, "brain networks"))
        return _vectors(edges, labels, settings, task.seeds, scaled=False, extra={"signal": differs})
    from tenfold.data.readers import read
    from tenfold.data.readers.images import Images
    from tenfold.data.readers.tables import LabelledTable

    assert task.reader is not None
    assert task.raw is not None
    found = read(task.reader, task.raw, task.reader_settings)
    if isinstance(found, LabelledTable):
        return _vectors(
            found.features, found.labels, settings, task.seeds, scaled=True, extra={"names": np.array(found.names)}
        )
    if isinstance(found, Images):
        return _images(found.train, found.train_labels, found.test, found.test_labels, settings, task.seeds)
    raise ConfigError(f"{task.dataset}: the reader {task.reader} gives neither a labelled table nor images")


def _vectors(
    features: np.ndarray, labels: np.ndarray, settings: Prepare, seeds: tuple[int, ...], *, scaled: bool, extra: dict
) -> Prepared:
    """Rows that are vectors. With `scaled` the training rows of each seed span [0, 1] in every column."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("train", "validation", "test")}
    shifts, scales, neutrals = [], [], []
    for seed in seeds:
        order = numpy_generator(seed, "split").permutation(len(features))[: settings.rows]
        first, second = (round(len(order) * share) for share in np.cumsum(settings.shares)[:2])
        for name, rows in zip(parts, np.split(order, [first, second]), strict=True):
            parts[name].append(rows)
        own = features[order[:first]]
        low, span = own.min(axis=0), own.max(axis=0) - own.min(axis=0)
        shift = low if scaled else np.zeros_like(low)
        scale = np.where(span > 0, span, 1.0) if scaled else np.ones_like(low)
        shifts.append(shift)
        scales.append(scale)
        neutrals.append((own.mean(axis=0) - shift) / scale)
    arrays = {
        "inputs": features.astype(np.float32), "labels": labels.astype(np.int64), "seeds": np.array(seeds),
        **{name: np.stack(rows) for name, rows in parts.items()},
        "shift": np.stack(shifts).astype(np.float32), "scale": np.stack(scales).astype(np.float32),
        "neutral": np.stack(neutrals).astype(np.float32), **extra,
    }  # fmt: skip
    counts = {name: float(len(rows[0])) for name, rows in parts.items()}
    statistics = {
        "rows": float(len(features)), "features": float(features.shape[1]), "classes": float(labels.max() + 1),
        "positive_share": round(float((labels == 1).mean()), 4), **counts,
    }  # fmt: skip
    return Prepared(arrays, statistics)


def _images(
    train: np.ndarray, train_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray,
    settings: Prepare, seeds: tuple[int, ...],
) -> Prepared:  # fmt: skip
    """Images as bytes (N, C, H, W). The test set is the publisher's, in another order for each seed."""
    train, train_labels = train[: settings.train_images], train_labels[: settings.train_images]
    test, test_labels = test[: settings.test_images], test_labels[: settings.test_images]
    pixels = np.concatenate([train, test])
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
    channels = pixels.shape[1]
    mean = np.array(settings.mean or [0.0] * channels)
    deviation = np.array(settings.deviation or [1.0] * channels)
    if not len(mean) == len(deviation) == channels:
        raise ConfigError(f"prepare: mean and deviation need {channels} values, one for each channel")
    kept = len(train) - round(len(train) * settings.validation_share)
    orders = [numpy_generator(seed, "split").permutation(len(train)) for seed in seeds]
    tests = [len(train) + numpy_generator(seed, "test order").permutation(len(test)) for seed in seeds]
    repeated = (len(seeds), channels, 1, 1)
    arrays = {
        "inputs": np.ascontiguousarray(pixels), "labels": np.concatenate([train_labels, test_labels]).astype(np.int64),
        "seeds": np.array(seeds), "train": np.stack([order[:kept] for order in orders]),
        "validation": np.stack([order[kept:] for order in orders]), "test": np.stack(tests),
        "shift": np.broadcast_to(255 * mean[:, None, None], repeated).astype(np.float32),
        "scale": np.broadcast_to(255 * deviation[:, None, None], repeated).astype(np.float32),
        "neutral": np.zeros((len(seeds), *pixels.shape[1:]), dtype=np.float32),
    }  # fmt: skip
    statistics = {
        "features": float(np.prod(pixels.shape[2:])), "classes": float(arrays["labels"].max() + 1),
        "train": float(kept), "validation": float(len(train) - kept), "test": float(len(test)),
    }  # fmt: skip
    return Prepared(arrays, statistics)
