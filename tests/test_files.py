from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from tenfold import files
from tenfold.errors import ResultError


def test_nothing_appears_under_the_name_before_the_block_ends(tmp_path):
    path = tmp_path / "folder" / "file"
    with files.atomic_file(path) as file:
        file.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"


def test_an_error_keeps_the_old_file_and_leaves_no_part(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def half_written():
        with files.atomic_file(path) as file:
            file.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_written()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "no permission")],
)
def test_a_disk_that_cannot_be_written_is_one_clear_sentence(tmp_path, monkeypatch, number, message):
    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ResultError, match=rf"cannot write .*file: .*{message}"):
        files.write_text(tmp_path / "file", "x")
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_is_one_clear_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot write"):
        files.write_text(tmp_path / "file" / "below", "x")


def test_equal_arrays_are_equal_bytes_and_come_back(tmp_path):
    arrays = {"a": np.arange(5), "b": np.array(["x", "yz"])}
    files.write_arrays(tmp_path / "1.npz", arrays)
    files.write_arrays(tmp_path / "2.npz", arrays)
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    back = files.read_arrays(tmp_path / "1.npz")
    assert back["b"].tolist() == ["x", "yz"]


def test_object_arrays_are_refused(tmp_path):
    with pytest.raises(TypeError, match="'a' holds Python objects"):
        files.write_arrays(tmp_path / "x.npz", {"a": np.array([None])})


def test_missing_and_damaged_files_say_what_to_do(tmp_path):
    with pytest.raises(ResultError, match="does not exist; build it first"):
        files.read_arrays(tmp_path / "x.npz")
    files.write_arrays(tmp_path / "x.npz", {"a": np.arange(1000)})
    (tmp_path / "x.npz").write_bytes((tmp_path / "x.npz").read_bytes()[:50])
    with pytest.raises(ResultError, match="is damaged"):
        files.read_arrays(tmp_path / "x.npz")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ResultError, match="cannot be read"):
        files.read_json(tmp_path / "x.json")


def test_json_refuses_numbers_that_are_not_finite(tmp_path):
    with pytest.raises(ValueError, match="Out of range"):
        files.write_json(tmp_path / "x.json", {"a": float("nan")})
