"""Pickles: plain data is read, everything that could act is refused."""

from __future__ import annotations

import builtins
import collections
import gzip
import os
import pickle
import pickletools

import numpy as np
import pytest
from scipy import sparse

from tenfold.data.pickles import PickledMatrix, read_pickle
from tenfold.errors import DataError


class Calls:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def written(tmp_path):
    def write(value, protocol=pickle.DEFAULT_PROTOCOL, name="file.pickle"):
        path = tmp_path / name
        content = value if isinstance(value, bytes) else pickle.dumps(value, protocol)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_data_comes_back(written, protocol):
    value = {"a": [1, 2.5, None, True], "b": ({1, 2}, frozenset([3])), "c": "text", "d": b"\xff"}
    assert read_pickle(written(value, protocol)) == value


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_and_their_scalars_come_back(written, protocol):
    value = [np.arange(6.0).reshape(2, 3), np.int64(7), np.array(["x", "yz"]), np.array([[1], [2]], dtype=np.uint8)]
    for found, expected in zip(read_pickle(written(value, protocol)), value, strict=True):
        assert np.array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix", "csr_array", "coo_array"])
def test_sparse_matrices_come_back_as_their_parts(written, kind):
    matrix = getattr(sparse, kind)(np.array([[0, 1.5, 0], [2, 0, 0]]))
    found = read_pickle(written({"features": matrix}))["features"]
    assert isinstance(found, PickledMatrix)
    assert found.matrix().toarray().tolist() == [[0, 1.5, 0], [2, 0, 0]]


def test_the_old_module_names_of_scipy_and_numpy_are_known(written):
    content = pickle.dumps(sparse.csr_matrix(np.eye(2)), 2)
    content = content.replace(b"scipy.sparse._csr", b"scipy.sparse.csr").replace(b"numpy._core.", b"numpy.core.")
    assert read_pickle(written(content)).matrix().toarray().tolist() == [[1, 0], [0, 1]]


def test_a_packed_pickle_is_unpacked(written):
    assert read_pickle(written([1, 2], name="file.pickle.gz")) == [1, 2]


@pytest.mark.parametrize(
    "value",
    [
        Calls(os.system, "touch hacked"),
        Calls(builtins.eval, "1 + 1"),
        Calls(builtins.getattr, "", "join"),
        Calls(np.load, "x.npy"),
        Calls(pickle.loads, b"N."),
        {"deep": [Calls(os.remove, "x")]},
        collections.OrderedDict(a=1),
        os.path.join,
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_calls_and_classes_are_refused_before_anything_happens(written, tmp_path, monkeypatch, value, protocol):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"is refused: it asks for"):
        read_pickle(written(value, protocol))
    assert [path.name for path in tmp_path.iterdir()] == ["file.pickle"]


def test_a_dotted_name_does_not_reach_into_an_allowed_class(written):
    """Protocol 4 may ask for an attribute of a class, such as a method that writes files."""
    content = b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."
    assert "STACK_GLOBAL" in {op.name for op, _, _ in pickletools.genops(content)}
    with pytest.raises(DataError, match=r"numpy\.ndarray\.tofile"):
        read_pickle(written(content))


def test_a_pickle_cannot_change_a_class_for_the_next_one(written):
    """BUILD with a pair sets attributes: here of the class itself, not of an instance."""
    content = b"\x80\x02cscipy.sparse\ncsr_matrix\n(N}X\x06\x00\x00\x00matrixK\x01stb."
    with pytest.raises(DataError):
        read_pickle(written(content))
    good = read_pickle(written(sparse.csr_matrix(np.eye(2))))
    assert good.matrix().shape == (2, 2)
    assert callable(PickledMatrix.matrix)


@pytest.mark.parametrize("state", [None, {}, {"data": [1.0], "indices": [5], "indptr": [0, 1], "_shape": (1, 2)}])
def test_a_matrix_whose_parts_do_not_fit_is_refused(state):
    pickled = type("Pickled", (PickledMatrix,), {"kind": "csr"})()
    pickled.state = state
    with pytest.raises(DataError, match="damaged"):
        pickled.matrix()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps([1, 2, 3])[:-4]])
def test_a_damaged_file_is_one_sentence(written, content):
    with pytest.raises(DataError, match=r"file\.pickle is"):
        read_pickle(written(content))


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_pickle(tmp_path / "none.pickle")
