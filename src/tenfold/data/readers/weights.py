"""Reader of pretrained weights: PyTorch state dictionaries, without executing anything that is in the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tenfold.errors import DataError
from tenfold.provenance import sha256_of

if TYPE_CHECKING:
    from torch import Tensor


def torch_state(folder: Path, *, file: str) -> dict[str, Tensor]:
    """Name -> tensor. A name that ends with eight hexadecimal digits is checked against the sha256 of the content.

    Such names are what PyTorch's hub gives to its files. Raises DataError for a file that is missing, damaged, holds
    anything but tensors, or does not fit its name.
    """
    import torch

    path = folder / file
    if not path.is_file():
        raise DataError(f"{path} does not exist; fetch the data again")
    if (found := re.search(r"-([0-9a-f]{8})\.pth$", file)) and not sha256_of(path).startswith(found.group(1)):
        raise DataError(f"{path}: its sha256 does not start with {found.group(1)}, as its name promises")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged archive fails in many ways, none of them more telling than another
        raise DataError(f"{path}: is not a state dictionary of PyTorch ({error})") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise DataError(f"{path}: holds something else than named tensors")
    return state
