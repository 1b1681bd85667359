"""PyTorch's compiler stays out of a job until something asks for it.

Every PyTorch optimizer imports `torch._dynamo`, and with it sympy and torch.distributed, only to say that it must not
be compiled. That costs 1.3 CPU seconds a process, nearly as much as PyTorch itself, and here nothing is compiled. So a
placeholder answers the two calls that optimizers make, as the real functions do while nothing is compiled:
`graph_break` does nothing, `disable` gives the function back. Anything else loads the real module, for good.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch

NAME = "torch._dynamo"


class _Placeholder(ModuleType):
    def graph_break(self, *_: Any, **__: Any) -> None:
        """Nothing is being traced."""

    def disable(self, fn: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Any]:
        """Nothing is compiled."""
        return fn

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
            importlib.import_module(NAME)  # also takes this object's place as `torch._dynamo`
        return getattr(sys.modules[NAME], name)


def leave_out() -> None:
    """Put the placeholder in place, unless the compiler is loaded already."""
    if NAME not in sys.modules:
        sys.modules[NAME] = torch._dynamo = _Placeholder(NAME)  # type: ignore[assignment]
