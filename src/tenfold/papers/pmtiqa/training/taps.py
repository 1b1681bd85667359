"""The inputs that a projection looks at, out of what was cached."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tenfold.errors import DataError

SCALES = ("tap_1", "tap_2", "tap_3", "tap_4")


def cached_inputs(data: Mapping[str, np.ndarray], projection: str, device: torch.device) -> list[Tensor]:
    """Arrays (N, K, C_k, g_k, g_k) for the projection; only what it uses.

    `pooled-scales` gets spatial means, g = 1: the mean of its inputs' means, computed once.
    """
    names = {"multi-scale": SCALES, "pooled-scales": SCALES, "features": SCALES[:1]}.get(projection, SCALES[3:])
    if missing := [name for name in names if name not in data]:
        raise DataError(f"projection {projection!r} needs {missing[0]}, which this data set does not have")
    arrays = [torch.as_tensor(data[name], device=device) for name in names]
    if projection == "pooled-scales":
        arrays = [array.mean((3, 4), keepdim=True) for array in arrays]
    return arrays


def channels(data: Mapping[str, np.ndarray]) -> list[int]:
    """C_1 to C_4, or the number of features."""
    return [data[name].shape[2] for name in SCALES if name in data]
