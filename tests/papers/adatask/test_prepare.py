"""Prepared arrays of every kind of problem."""

import io
import zipfile

import numpy as np
import pytest

from tenfold.data.generators.videos import short_videos
from tenfold.data.preparation import Preparation
from tenfold.papers.adatask.prepare import prepare
from tenfold.papers.adatask.problems.toys import STARTS
from tenfold.paths import EMBEDDED


def test_starts_of_the_landscape_are_near_the_cards():
    found = prepare(Preparation("adatask", "a", {"toy": {"landscape": "curves"}}, (3, 4)))
    assert found.arrays["starts"].shape == (2, 5, 2)
    assert np.abs(found.arrays["starts"] - np.array(STARTS)).max() < 0.3
    assert (found.arrays["starts"][0] != found.arrays["starts"][1]).all()


def test_scenes_are_made_of_the_sprites_of_their_own_part():
    task = Preparation(
        "adatask", "a", {"scenes": {"train": 4, "test": 3}}, (0,), EMBEDDED / "mnist-10k", "images.idx", {}
    )
    found = prepare(task)
    assert found.arrays["train_images"].shape == (4, 1, 32, 64)
    assert found.arrays["test_depth"].shape == (3, 32, 64)
    assert found.statistics["training images"] == 4
    assert sum(value for name, value in found.statistics.items() if "class" in name) == pytest.approx(1, abs=1e-3)


def test_cityscapes_has_its_channels_first_and_its_validation_images_for_testing(tmp_path):
    with zipfile.ZipFile(tmp_path / "cityscapes.zip", "w") as file:
        for part, count in (("train", 3), ("val", 2)):
            for number in range(count):
                for kind, shape in (("image", (32, 64, 3)), ("label_7", (32, 64)), ("depth", (32, 64, 1))):
                    buffer = io.BytesIO()
                    np.save(buffer, np.full(shape, 0.5) if kind != "label_7" else np.full(shape, number))
                    file.writestr(f"{part}/{kind}/{number}.npy", buffer.getvalue())
    found = prepare(Preparation("adatask", "a", {"city": {"train": 2}}, (0,), tmp_path, "scenes.cityscapes", {}))
    assert found.arrays["train_images"].shape == (2, 3, 32, 64)
    assert found.arrays["test_classes"].shape == (2, 32, 64)
    assert found.statistics["mean depth"] == 0.5


def test_short_videos_become_codes(tmp_path):
    short_videos(tmp_path, seed=0, rows=500, users=20, items=20)
    settings = {"videos": {"minimum_count": 3, "rows": 400}}
    found = prepare(Preparation("adatask", "a", settings, (0,), tmp_path, "videos.tiktok", {}))
    assert found.arrays["codes"].shape == (400, 8)
    assert found.arrays["codes"].max() < found.arrays["sizes"].sum()
    assert found.arrays["bag"].shape == (400, 0)
    assert found.statistics["rows"] == 400
