"""Checkpoints: written atomically, tied to the job they belong to, refused when damaged."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch

from tenfold.files import atomic_file


@runtime_checkable
class Stateful(Protocol):
    """Anything that can say and take back its state: modules, optimizers, schedulers, early stopping."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any: ...


State: TypeAlias = Mapping[str, "Stateful | torch.Generator | np.random.Generator | torch.Tensor"]


def save(path: Path, content: dict[str, Any]) -> None:
    """Write tensors and plain values; `load` gets them back without unpickling arbitrary objects."""
    buffer = io.BytesIO()  # a full disk then raises OSError, which PyTorch's own writer would hide
    torch.save(content, buffer)
    with atomic_file(path) as file:
        file.write(buffer.getbuffer())


def load(path: Path) -> dict[str, Any] | None:
    """Content of a checkpoint on the CPU, or None when the file is damaged."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a damaged archive fails in many ways, none of them more telling than another
        return None


def snapshot(state: State) -> dict[str, Any]:
    """The state of every part, as tensors and plain values."""
    return {name: _get(part) for name, part in state.items()}


def restore(state: State, saved: Mapping[str, Any]) -> None:
    """Put a snapshot back into the parts, in place. Raises KeyError when a part is not in the snapshot."""
    for name, part in state.items():
        _set(part, saved[name])


def _get(part: Any) -> Any:
    if isinstance(part, torch.Generator):
        return part.get_state()
    if isinstance(part, np.random.Generator):
        return json.dumps(part.bit_generator.state)
    if isinstance(part, torch.Tensor):
        return part.detach()
    return part.state_dict()


def _set(part: Any, saved: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(saved)
    elif isinstance(part, np.random.Generator):
        part.bit_generator.state = json.loads(saved)
    elif isinstance(part, torch.Tensor):
        with torch.no_grad():
            part.copy_(saved)
    else:
        part.load_state_dict(saved)


def random_state() -> dict[str, Any]:
    """State of PyTorch's default generators: dropout and other layers draw from them."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def set_random_state(saved: Mapping[str, Any]) -> None:
    """Put back what `random_state` returned; generators of devices that are gone are left alone."""
    torch.set_rng_state(saved["cpu"])
    if "cuda" in saved and torch.cuda.is_available() and len(saved["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(saved["cuda"])
