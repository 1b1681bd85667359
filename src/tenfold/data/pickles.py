"""Reading pickles that nobody has vouched for: plain containers, numbers, text, NumPy arrays, SciPy matrices.

A pickle is a program: what it may call is everything. Here it may call the few constructors below, and nothing else.
Classes of Python code are never handed out, for a pickle could change them for the whole process: a SciPy matrix
arrives as a `PickledMatrix`, whose parts are checked when it is turned into a matrix.
"""

from __future__ import annotations

import gzip
import io
import pickle
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import numpy as np

from tenfold.errors import DataError

if TYPE_CHECKING:
    from scipy import sparse

_MULTIARRAY = np.core.multiarray if int(np.__version__.split(".")[0]) < 2 else np._core.multiarray  # type: ignore[attr-defined]
_BUILTIN = {"set": set, "frozenset": frozenset, "list": list, "dict": dict, "tuple": tuple, "int": int, "float": float,
            "bool": bool, "str": str, "bytes": bytes, "complex": complex, "slice": slice}  # fmt: skip
_NUMPY = {"ndarray": np.ndarray, "dtype": np.dtype}
_ARRAYS = {"_reconstruct": _MULTIARRAY._reconstruct, "scalar": _MULTIARRAY.scalar}


def _latin1(text: str, encoding: str) -> bytes:
    """Python 2 pickles spell bytes as encoded text."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"the encoding {encoding!r}")
    return text.encode("latin-1")


def _array(content: bytes, dtype: np.dtype, shape: tuple[int, ...], order: Literal["C", "F"]) -> np.ndarray:
    """What NumPy's own `_frombuffer` does, which pickles of protocol 5 ask for."""
    return np.frombuffer(content, dtype).reshape(shape, order=order)


SAFE: dict[str, dict[str, Any]] = {
    "builtins": _BUILTIN,
    "__builtin__": _BUILTIN,  # Python 2
    "numpy": _NUMPY,
    "numpy.core.multiarray": _ARRAYS,
    "numpy._core.multiarray": _ARRAYS,
    "numpy.core.numeric": {"_frombuffer": _array},
    "numpy._core.numeric": {"_frombuffer": _array},
    "_codecs": {"encode": _latin1},
}
"""Module -> name -> what a pickle gets that asks for it."""

MATRICES = {
    (f"scipy.sparse{module}", f"{kind}_{what}"): kind
    for kind in ("csr", "csc", "coo")
    for module in ("", f".{kind}", f"._{kind}")
    for what in ("matrix", "array")
}


class PickledMatrix:
    """The parts of a pickled SciPy matrix, unchecked: a mapping of names to values."""

    kind: str

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def matrix(self) -> sparse.csr_matrix:
        """The matrix as CSR. Raises DataError when its parts do not make one."""
        from scipy import sparse

        try:
            state, kind = dict(self.state), self.kind
            rows, columns = state["_shape"] if "_shape" in state else state["shape"]
            data, shape = np.asarray(state["data"]), (int(rows), int(columns))
            if data.dtype.kind not in "biuf":
                raise ValueError(f"entries of type {data.dtype}")
            if kind == "coo":
                place = state["coords"] if "coords" in state else (state["row"], state["col"])
                return sparse.coo_matrix((data, tuple(place)), shape=shape).tocsr()
            parts = (data, np.asarray(state["indices"]), np.asarray(state["indptr"]))
            made = (sparse.csr_matrix if kind == "csr" else sparse.csc_matrix)(parts, shape=shape)
            made.check_format(full_check=True)
            return made.tocsr()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"a pickled {self.kind} matrix is damaged ({error})") from error


class PickledIdentifier:
    """A pickled UUID, unchecked."""

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def text(self) -> str:
        """The identifier as text, such as 0efb375b-b902-3661-ab23-9a0bb799f4e3. Raises DataError when it is none."""
        try:
            return str(UUID(int=self.state["int"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"a pickled identifier is damaged ({error!r})") from error


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("uuid", "UUID"):
            return type("PickledIdentifier", (PickledIdentifier,), {})  # a class of its own, as below
        if (kind := MATRICES.get((module, name))) is not None:
            return type("PickledMatrix", (PickledMatrix,), {"kind": kind})  # a class of its own: it may be defaced
        try:
            return SAFE[module][name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None


def read_pickle(path: Path) -> Any:
    """The object in a pickle file (a name that ends in .gz is unpacked on the way); matrices are `PickledMatrix`.

    Raises DataError when the file is missing or damaged, or asks for anything that data does not need.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; fetch the data again") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is not a readable pickle ({type(error).__name__}: {error})") from error
    return read_pickled(content, path)


def read_pickled(content: bytes, where: object) -> Any:
    """The object in these bytes, as `read_pickle` gives it; `where` is what messages call them."""
    try:
        return _Restricted(io.BytesIO(content), encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise DataError(f"{where} is refused: {error}; only plain data is read from pickles") from error
    except Exception as error:  # a damaged pickle can raise anything that its constructors raise
        raise DataError(f"{where} is not a readable pickle ({type(error).__name__}: {error})") from error
