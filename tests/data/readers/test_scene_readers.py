"""The reader of CityScapes on generated archives of its layout."""

import io
import zipfile

import numpy as np
import pytest

from tenfold.data.readers.scenes import cityscapes
from tenfold.errors import DataError

SIZE = (4, 6)


def arrays(number):
    generator = np.random.default_rng(number)
    return {
        "image": generator.random((*SIZE, 3)),
        "label_7": generator.integers(-1, 7, SIZE).astype(float),
        "depth": generator.random((*SIZE, 1)) * (generator.random((*SIZE, 1)) > 0.3),
    }


def archive(folder, *, drop=(), change=None, prefix=""):
    with zipfile.ZipFile(folder / "cityscapes.zip", "w") as file:
        for part, count in (("train", 12), ("val", 2)):
            for number in range(count):
                for kind, array in arrays(number).items():
                    name = f"{part}/{kind}/{number}.npy"
                    if name in drop:
                        continue
                    buffer = io.BytesIO()
                    np.save(buffer, (change or {}).get(name, array))
                    file.writestr(prefix + name, buffer.getvalue())
    return folder


@pytest.mark.parametrize("prefix", ["", "cityscapes2/"])
def test_scenes_come_in_the_order_of_their_numbers(tmp_path, prefix):
    train, val = cityscapes(archive(tmp_path, prefix=prefix))
    assert train.images.shape == (12, *SIZE, 3)
    assert val.depth.shape == (2, *SIZE)
    assert train.images.dtype == train.depth.dtype == np.float32
    for number in (0, 2, 10, 11):
        expected = arrays(number)
        assert train.images[number] == pytest.approx(expected["image"])
        assert (train.classes[number] == expected["label_7"]).all()
        assert train.depth[number] == pytest.approx(expected["depth"][..., 0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"drop": ["train/depth/3.npy"]}, r"train/depth/3.npy is missing"),
        ({"change": {"val/label_7/1.npy": np.full(SIZE, 9.0)}}, "classes from -1 to 9"),
        ({"change": {"train/image/5.npy": np.zeros((3, 3, 3))}}, r"train/image/5.npy has shape \(3, 3, 3\)"),
        ({"change": {"train/image/5.npy": np.array([{}])}}, r"train/image/5.npy is not a readable array"),
    ],
)
def test_damaged_archives_are_named(tmp_path, changed, message):
    with pytest.raises(DataError, match=message):
        cityscapes(archive(tmp_path, **changed))


def test_an_archive_that_is_none_or_empty_or_missing(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        cityscapes(tmp_path)
    (tmp_path / "cityscapes.zip").write_bytes(b"no")
    with pytest.raises(DataError, match="not a readable zip"):
        cityscapes(tmp_path)
    with zipfile.ZipFile(tmp_path / "cityscapes.zip", "w") as file:
        file.writestr("readme.txt", "no")
    with pytest.raises(DataError, match="holds no train"):
        cityscapes(tmp_path)
