"""Data: generated or published images as cached taps or pixels, feature vectors, or scores alone.

Every kind has `scores` (N,) float64 in their own unit, `classes` (N,), `class_count`, `units` (N,) (what a split keeps
together: the reference photograph, or the image), `distortions` (N,) into `distortion_names`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tenfold.data.preparation import Companion, Preparation, Prepared
from tenfold.papers.pmtiqa.labels import CLASSES, DROPPED, classes_of
from tenfold.papers.pmtiqa.settings import FeatureTable, Generated, Prepare, RatedFolder

LADDER_SIDE = 128
"""Pixels of the square that the figure of distortions shows."""


def prepare(task: Preparation) -> Prepared:
    """Arrays of the kind of data that the settings name."""
    settings = Prepare.model_validate(task.settings)
    if settings.generated is not None:
        arrays = _generated(settings, settings.generated, task)
    elif settings.images is not None:
        arrays = _rated(settings, settings.images, task)
    else:
        arrays = _table(settings.features, task)
    return _with_classes(arrays, settings)


def _read(task: Preparation) -> Any:
    from tenfold.data.readers import read

    assert task.reader is not None
    assert task.raw is not None
    return read(task.reader, task.raw, task.reader_settings)


# ----------------------------------------------------------------------------------------------- the kinds


def _generated(settings: Prepare, generated: Generated, task: Preparation) -> dict[str, np.ndarray]:
    """Distorted photographs.

    Besides the common arrays `levels` (N,) from 1, `distances` (N, 3) of the full-reference formulas, and `ladder`
    (D, L + 1, 128, 128, 3) uint8: one photograph at every distortion and level, 0 pristine.
    """
    from tenfold.papers.pmtiqa.images.distortions import DISTORTIONS
    from tenfold.papers.pmtiqa.images.pseudo_scores import full_reference, pseudo_dmos

    if unknown := sorted(set(generated.levels) - set(DISTORTIONS)):
        raise ValueError(f"generated.levels: unknown distortion {unknown[0]!r}; known: {', '.join(DISTORTIONS)}")
    photographs = [_middle(one, generated.size) for one in _read(task).images[: generated.photographs]]
    plan = [
        (reference, kind, level)
        for reference in range(len(photographs))
        for kind, parameters in enumerate(generated.levels.values())
        for level in range(len(parameters))
    ]
    distances: list[np.ndarray] = []
    deepest = max(len(parameters) for parameters in generated.levels.values())
    ladder = np.zeros((len(generated.levels), deepest + 1, LADDER_SIDE, LADDER_SIDE, 3), dtype=np.uint8)
    ladder[:, 0] = _middle(photographs[0], (LADDER_SIDE, LADDER_SIDE))

    def distorted() -> Iterator[np.ndarray]:
        for reference, kind, level in plan:
            name = list(generated.levels)[kind]
            generator = np.random.default_rng([generated.seed, reference, kind, level])
            image = DISTORTIONS[name](photographs[reference], generated.levels[name][level], generator)
            distances.append(full_reference(photographs[reference], image))
            if reference == 0:
                ladder[kind, level + 1] = _middle(image, (LADDER_SIDE, LADDER_SIDE))
            yield image

    arrays = _image_arrays(settings, distorted(), dict(enumerate(photographs)), task.companions)
    found = np.stack(distances)
    reference, kind, level = np.array(plan).T
    return {
        **arrays,
        "scores": pseudo_dmos(found, generated.rater_noise, np.random.default_rng([generated.seed, 1])),
        "units": reference,
        "distortions": kind,
        "distortion_names": np.array(list(generated.levels)),
        "levels": level + 1,
        "distances": found,
        "ladder": ladder,
    }


def _rated(settings: Prepare, folder: RatedFolder, task: Preparation) -> dict[str, np.ndarray]:
    """A published database; images without references are their own units."""
    from PIL import Image

    found = _read(task)

    def resized(image: np.ndarray) -> np.ndarray:
        if folder.resize is None:
            return image
        height, width = folder.resize
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))

    units = _units(found.references)
    pristine = {}
    if settings.natural_scenes and found.load_reference is not None:
        for unit, name in enumerate(np.unique(found.references)):
            pristine[unit] = resized(found.load_reference(str(name)))
    images = (resized(found.load(number)) for number in range(len(found)))
    names, kinds = np.unique(found.distortions, return_inverse=True)
    return {
        **_image_arrays(settings, images, pristine, task.companions),
        "scores": found.scores, "units": units, "distortions": kinds, "distortion_names": names,
    }  # fmt: skip


def _table(features: FeatureTable | None, task: Preparation) -> dict[str, np.ndarray]:
    """`tap_1` (N, 1, D, 1, 1): roots of the shares of the histograms, as if they were the tap of a backbone."""
    found = _read(task)
    names, kinds = np.unique(found.distortions, return_inverse=True)
    arrays = {
        "scores": found.scores, "units": _units(found.references), "distortions": kinds, "distortion_names": names,
    }  # fmt: skip
    if features is not None:
        blocks = [found.blocks[name] for name in features.blocks or found.blocks]
        shares = np.concatenate([np.sqrt(block / block.sum(1, keepdims=True)) for block in blocks], 1)
        arrays["tap_1"] = shares.astype(np.float32)[:, None, :, None, None]
    return arrays


# ------------------------------------------------------------------------------------------------- parts


def _image_arrays(
    settings: Prepare,
    images: Iterable[np.ndarray],
    pristine: dict[int, np.ndarray],
    companions: dict[str, Companion],
) -> dict[str, np.ndarray]:
    """What is made of N images (H, W, 3) uint8, each looked at once.

    Cached: see `cache.cached_taps`. Else `pixels` (bytes of all images one after the other), `pixel_sizes` (N, 2), and
    the backbone's values under `backbone/`. Natural scenes: see `_NaturalScenes`.
    """
    from tenfold.papers.pmtiqa.backbones.build import state_from_published, with_state
    from tenfold.papers.pmtiqa.cache import cached_taps
    from tenfold.papers.pmtiqa.images.crops import crop_corners, cut

    assert settings.backbone is not None
    state = None
    if "weights" in companions:
        state = state_from_published(settings.backbone, companions["weights"].read())
    scenes = _NaturalScenes(settings.natural_scenes.patch) if settings.natural_scenes else None
    if scenes:
        images = scenes.watch(images, pristine)
    if settings.cache is None:
        kept = list(images)
        arrays = {
            "pixels": np.concatenate([image.ravel() for image in kept]),
            "pixel_sizes": np.array([image.shape[:2] for image in kept]),
            "backbone_name": np.array(settings.backbone),
            **{f"backbone/{name}": value.numpy() for name, value in (state or {}).items()},
        }
    else:
        cache = settings.cache
        crops = (
            cut(
                image,
                crop_corners(image.shape[0], image.shape[1], cache.crops, np.random.default_rng([cache.seed, number])),
            )
            for number, image in enumerate(images)
        )
        arrays = cached_taps(with_state(settings.backbone, state), crops, cache.map_crops)
    return arrays | (scenes.arrays() if scenes else {})


class _NaturalScenes:
    """Statistics of images as they pass by.

    `brisque` (N, 36); for NIQE `scene_means` (N, 36), `scene_covariances` (N, 36, 36) over an image's patches, and of
    pristine photographs the patches themselves: `pristine_patches` (P, 36), `pristine_sharpness` (P,) relative to the
    photograph's sharpest, `pristine_units` (P,).
    """

    def __init__(self, patch: int) -> None:
        self.patch = patch
        self.rows: dict[str, list[np.ndarray]] = {
            name: []
            for name in (
                "brisque", "scene_means", "scene_covariances",
                "pristine_patches", "pristine_sharpness", "pristine_units",
            )
        }  # fmt: skip

    def watch(self, images: Iterable[np.ndarray], pristine: dict[int, np.ndarray]) -> Iterator[np.ndarray]:
        from tenfold.metrics.image_quality import luma
        from tenfold.papers.pmtiqa.images.natural_scenes import brisque_features, niqe_features

        for unit, photograph in pristine.items():
            patches, sharpness = niqe_features(luma(photograph), self.patch)
            self.rows["pristine_patches"].append(patches)
            self.rows["pristine_sharpness"].append(sharpness / sharpness.max())
            self.rows["pristine_units"].append(np.full(len(patches), unit))
        for image in images:
            grey = luma(image)
            patches, _ = niqe_features(grey, self.patch)
            self.rows["brisque"].append(brisque_features(grey)[None])
            self.rows["scene_means"].append(patches.mean(0)[None])
            covariance = np.cov(patches.T) if len(patches) > 1 else np.zeros((patches.shape[1], patches.shape[1]))
            self.rows["scene_covariances"].append(covariance[None])
            yield image

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: np.concatenate(rows) for name, rows in self.rows.items() if rows}


def _middle(image: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """The middle of an image, at most of this height and width."""
    if size is None:
        return image
    top, left = (max(0, (have - want) // 2) for have, want in zip(image.shape, size, strict=False))
    return np.ascontiguousarray(image[top : top + size[0], left : left + size[1]])


def _units(references: np.ndarray) -> np.ndarray:
    if not (references != "").any():
        return np.arange(len(references))
    return np.unique(references, return_inverse=True)[1]


def _with_classes(arrays: dict[str, np.ndarray], settings: Prepare) -> Prepared:
    """Add the classes, and leave out the images that the rule drops (LIVE: negative scores)."""
    classes = classes_of(arrays["scores"], settings.rule)
    statistics = {
        "images": float(len(classes)),
        "references": float(len(np.unique(arrays["units"]))),
        "distortions": float(len(arrays["distortion_names"])),
        "lowest score": round(float(arrays["scores"].min()), 2),
        "highest score": round(float(arrays["scores"].max()), 2),
        **{f"images of class {number}": float((classes == number).sum()) for number in range(CLASSES[settings.rule])},
    }
    kept = classes != DROPPED
    for name, array in arrays.items():
        if name in _PER_IMAGE and not kept.all():
            arrays[name] = array[kept]
    if "pixels" in arrays and not kept.all():
        sizes = arrays["pixel_sizes"].prod(1) * 3
        arrays["pixels"] = arrays["pixels"][np.repeat(kept, sizes)]
        arrays["pixel_sizes"] = arrays["pixel_sizes"][kept]
    return Prepared({**arrays, "classes": classes[kept], "class_count": np.array(CLASSES[settings.rule])}, statistics)


_PER_IMAGE = frozenset({
    "scores", "units", "distortions", "levels", "distances", "brisque", "scene_means", "scene_covariances",
    "tap_1", "tap_2", "tap_3", "tap_4", "map_4",
})  # fmt: skip
