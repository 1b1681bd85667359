"""The base of every settings model, and errors about settings in plain words."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from tenfold.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """Base of every settings model: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def validate(model: type[Model], raw: Any, path: Path | str, prefix: str = "") -> Model:
    """`raw` as a `model`; raises ConfigError with one sentence for each mistake: file, key, what is allowed."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, model, path, prefix))) from None


def _explain(error: ValidationError, model: type[BaseModel], path: Path | str, prefix: str = "") -> list[str]:
    lines = []
    for item in error.errors():
        key = ".".join(str(part) for part in ([prefix] if prefix else []) + list(item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = f"unknown key; allowed here: {', '.join(_allowed_keys(model, item['loc'][:-1]))}"
        lines.append(f"{path}: {key}: {message}" if key else f"{path}: {message}")
    return lines


def _allowed_keys(model: Any, location: tuple[int | str, ...]) -> list[str]:
    """Field names of the model that a location of a validation error lies in."""

    def models_in(annotation: Any) -> list[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return [annotation]
        return [found for part in get_args(annotation) for found in models_in(part)]

    current = [model]
    for part in location:
        following = [
            found for m in current if part in m.model_fields for found in models_in(m.model_fields[part].annotation)
        ]
        current = following or current  # list indices and mapping keys keep the element's model
    return sorted({name for m in current for name in m.model_fields})
