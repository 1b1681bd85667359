"""JSON schemas of the configuration files, for editors; generated from the models, kept in sync by a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tenfold.config import PaperConfig, RawDataset, SuiteConfig
from tenfold.paths import CONFIG

FOLDER = CONFIG / "schemas"


def generated() -> dict[Path, str]:
    """Path and text of every schema."""
    models: dict[str, Any] = {"suite": SuiteConfig, "datasets": dict[str, RawDataset], "paper": PaperConfig}
    return {
        FOLDER / f"{name}.schema.json": json.dumps(TypeAdapter(model).json_schema(), indent=1) + "\n"
        for name, model in models.items()
    }


def drifted() -> list[Path]:
    """Schema files that differ from the models."""
    return [path for path, text in generated().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def write() -> None:
    """Write every schema."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
