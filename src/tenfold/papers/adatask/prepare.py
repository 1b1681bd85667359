"""Data: starts and noise of the toys, generated scenes, CityScapes, or tables of contacts between users and items."""

from __future__ import annotations

import numpy as np

from tenfold.data.preparation import Preparation, Prepared
from tenfold.papers.adatask.problems import contacts, scapes, toys
from tenfold.papers.adatask.settings import CityData, Prepare, SceneData, ToyData


def prepare(task: Preparation) -> Prepared:
    """Arrays of the kind of problem that the settings name."""
    settings = Prepare.model_validate(task.settings)
    if settings.toy is not None:
        return _toy(settings.toy, task.seeds)
    if settings.scenes is not None:
        return _scenes(settings.scenes, task)
    if settings.city is not None:
        return _city(settings.city, task)
    return _contacts(_read_contacts(settings, task))


def _toy(settings: ToyData, seeds: tuple[int, ...]) -> Prepared:
    """`seeds` (S,); `starts` (S, 5, 2) of Toy-A, or (S, chains) zeros of Toy-B."""
    if settings.landscape == "quadratic":
        starts = np.zeros((len(seeds), settings.chains))
    else:
        shifts = [np.random.default_rng([seed, 5]).standard_normal((len(toys.STARTS), 2)) for seed in seeds]
        starts = np.array(toys.STARTS) + settings.jitter * np.stack(shifts)
    return Prepared({"seeds": np.array(seeds), "starts": starts}, {"descents of a seed": float(starts[0].size)})


def _scenes(settings: SceneData, task: Preparation) -> Prepared:
    """`<part>_images` (N, 1, 32, 64), `<part>_classes`, `<part>_depth` (N, 32, 64) for the parts train and test."""
    from tenfold.data.readers import read

    assert task.reader is not None
    assert task.raw is not None
    found = read(task.reader, task.raw, task.reader_settings)
    arrays: dict[str, np.ndarray] = {}
    for stream, (part, count, sprites, labels) in enumerate(
        (
            ("train", settings.train, found.train, found.train_labels),
            ("test", settings.test, found.test, found.test_labels),
        )
    ):
        made = scapes.scenes(count, sprites, labels, np.random.default_rng([settings.seed, stream]))
        arrays |= {
            f"{part}_images": made.images[:, None],
            f"{part}_classes": made.classes,
            f"{part}_depth": made.depth,
        }
    return Prepared(arrays, _dense_statistics(arrays))


def _city(settings: CityData, task: Preparation) -> Prepared:
    """The same arrays from CityScapes: images (N, 3, H, W); the 500 validation images are the test set."""
    from tenfold.data.readers import read

    assert task.reader is not None
    assert task.raw is not None
    found = read(task.reader, task.raw, task.reader_settings)
    arrays: dict[str, np.ndarray] = {}
    for part, count, scenes in zip(("train", "test"), (settings.train, settings.test), found, strict=True):
        arrays |= {
            f"{part}_images": np.ascontiguousarray(scenes.images[:count].transpose(0, 3, 1, 2)),
            f"{part}_classes": scenes.classes[:count],
            f"{part}_depth": scenes.depth[:count],
        }
    return Prepared(arrays, _dense_statistics(arrays))


def _read_contacts(settings: Prepare, task: Preparation) -> contacts.Contacts:
    from tenfold.data.readers import read

    assert task.reader is not None
    assert task.raw is not None
    if settings.ratings is not None:  # the three files as they are: the registry's reader leaves two of them aside
        return contacts.movielens(task.raw, settings.ratings.second, settings.ratings.rows)
    assert settings.videos is not None
    columns = read(task.reader, task.raw, {**task.reader_settings, "rows": settings.videos.rows})
    return contacts.short_videos(columns, settings.videos.minimum_count)


def _contacts(found: contacts.Contacts) -> Prepared:
    """`codes`, `sizes`, `bag`, `labels`, `split` of `contacts.Contacts`, and the names of the `fields`."""
    arrays = {
        "codes": found.codes, "sizes": found.sizes, "fields": np.array(found.fields),
        "bag": found.bag, "labels": found.labels, "split": found.split,
    }  # fmt: skip
    statistics: dict[str, float] = {
        "rows": len(found.labels),
        "positive share of the first label": round(float(found.labels[:, 0].mean()), 4),
        "positive share of the second label": round(float(found.labels[:, 1].mean()), 4),
        **{f"codes of {name}": int(size) for name, size in zip(found.fields, found.sizes, strict=True)},
    }
    return Prepared(arrays, statistics)


def _dense_statistics(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    shares = scapes.class_shares(arrays["train_classes"])
    return {
        "training images": len(arrays["train_images"]),
        "test images": len(arrays["test_images"]),
        "pixels with depth": round(float((arrays["train_depth"] != 0).mean()), 4),
        "mean depth": round(float(arrays["train_depth"][arrays["train_depth"] != 0].mean()), 4),
        **{f"share of class {number}": round(float(share), 4) for number, share in enumerate(shares)},
    }
