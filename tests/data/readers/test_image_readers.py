import gzip
import json

import numpy as np
import pytest

from tenfold import paths
from tenfold.config import Configuration
from tenfold.data.fetch import fetch
from tenfold.data.readers import images, read
from tenfold.errors import DataError


def idx_bytes(array):
    return b"\x00\x00\x08" + bytes([array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


@pytest.fixture
def toy():
    generator = np.random.default_rng(0)
    pixels = [generator.integers(256, size=(count, 4, 3), dtype=np.uint8) for count in (5, 2)]
    return pixels[0], np.array([3, 1, 4, 1, 5], np.uint8), pixels[1], np.array([9, 2], np.uint8)


def write_idx(folder, toy, *, compressed):
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    for name, array in zip(names, toy, strict=True):
        content = idx_bytes(array)
        if compressed:
            (folder / f"{name}-ubyte.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"{name}-ubyte").write_bytes(content)


@pytest.mark.parametrize("compressed", [False, True])
def test_idx_files_plain_and_compressed_give_back_what_was_written(tmp_path, toy, compressed):
    write_idx(tmp_path, toy, compressed=compressed)
    found = images.idx(tmp_path)
    for ours, theirs in zip((found.train, found.train_labels, found.test, found.test_labels), toy, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert found.train_labels.dtype == np.int64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05\x00", "9 bytes instead of 13"),
        (b"\x00\x00\x08\x03\x00\x00\x00\x05\x00", "not an IDX file"),
    ],
)
def test_a_damaged_idx_file_is_named(tmp_path, content, message):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        images.idx_array(tmp_path / "x")
    assert str(tmp_path / "x") in str(error.value)


def test_a_truncated_compressed_file_is_named(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes(1000))[:15])
    with pytest.raises(DataError, match=r"x\.gz: cannot be read"):
        images.idx_array(tmp_path / "x.gz")


def test_images_without_as_many_labels_are_refused(tmp_path, toy):
    write_idx(tmp_path, (toy[0], toy[1][:4], *toy[2:]), compressed=False)
    with pytest.raises(DataError, match=r"has 5 images, .* has 4 labels"):
        images.idx(tmp_path)


def test_a_missing_idx_file_is_named(tmp_path):
    with pytest.raises(DataError, match="has neither train-images-idx3-ubyte nor"):
        images.idx(tmp_path)


def toy_cifar(count):
    generator = np.random.default_rng(1)
    pixels = generator.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    return pixels, generator.integers(10, size=count)


def test_both_formats_of_cifar_give_the_same_images(tmp_path):
    from PIL import Image

    pixels, labels = toy_cifar(12)
    for number, name in enumerate((*images.CIFAR_BATCHES, images.CIFAR_TEST)):
        part, classes = pixels[2 * number : 2 * number + 2], labels[2 * number : 2 * number + 2]
        Image.fromarray(part.reshape(2, 1024, 3)).save(tmp_path / f"{name}.png")
        planes = part.transpose(0, 3, 1, 2).reshape(2, -1)
        np.concatenate([classes[:, None].astype(np.uint8), planes], axis=1).tofile(tmp_path / f"{name}.bin")
    (tmp_path / "train_lables.json").write_text(json.dumps(labels[:10].tolist()))
    (tmp_path / "test_lables.json").write_text(json.dumps(labels[10:].tolist()))
    for found in (images.cifar10_png(tmp_path), images.cifar10_binary(tmp_path)):
        np.testing.assert_array_equal(found.train, pixels[:10])
        np.testing.assert_array_equal(found.train_labels, labels[:10])
        np.testing.assert_array_equal(found.test, pixels[10:])
        np.testing.assert_array_equal(found.test_labels, labels[10:])


def test_damaged_cifar_files_are_named(tmp_path):
    (tmp_path / "data_batch_1.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match=r"data_batch_1\.png: is not a readable PNG"):
        images.cifar10_png(tmp_path)
    (tmp_path / "data_batch_1.bin").write_bytes(bytes(3072))
    with pytest.raises(DataError, match="not a whole number of records"):
        images.cifar10_binary(tmp_path)


def test_the_embedded_digits_are_what_the_registry_says(tmp_path):
    entry = Configuration().datasets["mnist-10k"]
    manifest = fetch("mnist-10k", entry, [], tmp_path / "mnist-10k")
    found = read(manifest.reader, tmp_path / "mnist-10k", manifest.reader_settings)
    assert found.train.shape == (8000, 28, 28)
    assert found.test.shape == (2000, 28, 28)
    assert np.bincount(found.train_labels).tolist() == [800] * 10
    assert np.bincount(found.test_labels).tolist() == [200] * 10
    # Mean and deviation of all of MNIST are .1307 and .3081.
    assert found.train.mean() / 255 == pytest.approx(0.1307, abs=0.002)
    assert found.train.std() / 255 == pytest.approx(0.3081, abs=0.002)


def test_the_embedded_digits_come_with_their_licence():
    text = (paths.EMBEDDED / "mnist-10k" / "README.md").read_text()
    assert "CC BY-SA 3.0" in text
    for file in Configuration().datasets["mnist-10k"].sources[0].files:
        assert file.sha256 in text
