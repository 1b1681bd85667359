"""Types that several settings share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]*$")]
Settings = dict[str, Any]
DataKind = Literal["paper", "real", "synthetic"]
