"""Random generators derived from a seed and a purpose.

The method's name takes no part, so all methods of a seed see the same splits, initial values and noise where they draw
for the same purpose, while seeds differ: comparisons are paired.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derived_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, such as `derived_seed(3, "negatives")`."""
    words = [seed, *(zlib.crc32(str(part).encode()) for part in purpose)]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """NumPy generator for one purpose."""
    return np.random.default_rng(derived_seed(seed, *purpose))


def torch_generator(seed: int, *purpose: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """PyTorch generator on `device` for one purpose."""
    return torch.Generator(device=device).manual_seed(derived_seed(seed, *purpose))


@contextmanager
def seeded(seed: int, *purpose: str | int) -> Iterator[None]:
    """Inside the block, PyTorch's default generators start from this seed; afterwards they are as before.

    For code that offers no generator argument: the initial values of `torch.nn` layers.
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derived_seed(seed, *purpose))
        yield
