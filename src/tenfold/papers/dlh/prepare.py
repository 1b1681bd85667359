"""Data: videos for training, validation and test, generated or cut out of published ones."""

from __future__ import annotations

import numpy as np

from tenfold.data.preparation import Preparation, Prepared
from tenfold.errors import ConfigError
from tenfold.papers.dlh.scenes import Generated, videos
from tenfold.papers.dlh.settings import MovingDigits, Prepare, RealVideos
from tenfold.training.seeding import numpy_generator

PARTS = ("train", "validation", "test")


def prepare(task: Preparation) -> Prepared:
    """`train`, `validation`, `test`: (sequences, T, H, W, C) uint8, the same for all seeds.

    What is known of the sequences of a part, such as `test/changes`, lies beside it. Where `train` is empty, training
    generates sequences from `scene` (JSON) and `digits` (N, d, d) uint8; see `scenes.training_videos`.
    """
    settings = Prepare.model_validate(task.settings)
    if isinstance(settings.scene, RealVideos):
        from tenfold.papers.dlh.footage import parts_of

        arrays = parts_of(_clips(task), settings, settings.scene)
    else:
        arrays = _generated(settings, settings.scene, task)
    return Prepared(arrays, _statistics(arrays))


def _generated(settings: Prepare, scene: Generated, task: Preparation) -> dict[str, np.ndarray]:
    pools = _digits(scene, task) if isinstance(scene, MovingDigits) else {}
    arrays = {"scene": np.array(scene.model_dump_json())}
    for part in PARTS:
        length = settings.length if part == "train" else settings.test_length
        generator = numpy_generator(0, "scene", part)
        made = videos(scene, generator, getattr(settings, part), length, pools.get(part))
        arrays[part] = made.pop("frames")
        arrays |= {f"{part}/{name}": values for name, values in made.items()}
    if pools:
        arrays["digits"] = pools["train"]
    return arrays


def _digits(scene: MovingDigits, task: Preparation) -> dict[str, np.ndarray]:
    """Images of digits (N, d, d) uint8 by part: no image is in two of them."""
    from tenfold.data.generators.moving_digits import halved
    from tenfold.data.readers.images import Images

    found = _read(task)
    if not isinstance(found, Images):
        raise ConfigError(f"{task.dataset}: the reader {task.reader} gives no labelled images")
    kept = len(found.train) - round(len(found.train) * scene.validation_share)
    pools = {"train": found.train[:kept], "validation": found.train[kept:], "test": found.test}
    return {part: halved(pool) if scene.digit_side == 14 else pool for part, pool in pools.items()}


def _clips(task: Preparation) -> list:
    from tenfold.data.readers.clips import Clip

    found = _read(task)
    if not (isinstance(found, list) and all(isinstance(clip, Clip) for clip in found)):
        raise ConfigError(f"{task.dataset}: the reader {task.reader} gives no clips")
    return found


def _read(task: Preparation) -> object:
    from tenfold.data.readers import read

    if task.reader is None or task.raw is None:
        raise ConfigError(f"{task.dataset}: this kind of scene is made from raw data: name it under raw")
    return read(task.reader, task.raw, task.reader_settings)


def _statistics(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    test = arrays["test"]
    moved = abs(np.diff(test[:100].astype(np.float32), axis=1)).mean() / 255
    statistics = {
        **{part: float(len(arrays[part])) for part in PARTS},
        "test_length": float(test.shape[1]), "side": float(test.shape[2]), "channels": float(test.shape[4]),
        "motion": round(float(moved), 4),
    }  # fmt: skip
    if "test/changes" in arrays:
        statistics["change_rate"] = round(float(arrays["test/changes"].mean()), 4)
    return statistics
