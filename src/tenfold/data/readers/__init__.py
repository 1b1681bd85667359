"""Readers: each turns a source's files into arrays; `config/datasets.yaml` names them as `<module>.<function>`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tenfold.errors import ConfigError


def find_reader(name: str) -> Callable[..., Any]:
    """The reader `<module>.<function>` of this package. Raises ConfigError when there is none."""
    module, _, function = name.rpartition(".")
    try:
        return getattr(importlib.import_module(f"{__name__}.{module}"), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"there is no reader {name!r} under tenfold.data.readers ({error})") from error


def read(name: str, folder: Path, settings: Mapping[str, Any]) -> Any:
    """What the reader `name` makes of the files in `folder`.

    Raises ConfigError when the reader does not exist or does not take these settings, DataError for damaged files.
    """
    reader = find_reader(name)
    try:
        inspect.signature(reader).bind(folder, **settings)
    except TypeError as error:
        raise ConfigError(f"settings of the reader {name}: {error}") from error
    return reader(folder, **settings)
