"""Files of a data set that a person obtained, whether they lie in a folder or in the archive it was published as."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path, PurePosixPath

from tenfold.errors import DataError


class ImageTree:
    """Files below a folder or inside a zip archive, found by the end of their path: the top folder's name varies."""

    def __init__(self, place: Path) -> None:
        """`place`: a folder, or a zip archive. Raises DataError when it is neither."""
        self.place = place
        self._archive: zipfile.ZipFile | None = None
        if place.is_dir():
            return
        try:
            self._archive = zipfile.ZipFile(place)
        except FileNotFoundError:
            raise DataError(f"{place} does not exist; put the data set there, as a folder or a zip archive") from None
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{place}: is neither a folder nor a readable zip archive ({error})") from error

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Last part of a path -> the paths that end with it, sorted."""
        if self._archive is None:
            paths = [path.relative_to(self.place).as_posix() for path in self.place.rglob("*") if path.is_file()]
        else:
            paths = [name for name in self._archive.namelist() if not name.endswith("/")]
        found: dict[str, list[str]] = {}
        for path in sorted(paths):
            if "__MACOSX" not in path:
                found.setdefault(PurePosixPath(path).name, []).append(path)
        return found

    def find(self, ending: str) -> str | None:
        """The path that ends with `ending` (whole parts of it), or None. Raises DataError when there are several."""
        wanted = PurePosixPath(ending).parts
        found = [
            path for path in self._by_name.get(wanted[-1], []) if PurePosixPath(path).parts[-len(wanted) :] == wanted
        ]
        if len(found) > 1:
            raise DataError(f"{self.place}: {ending} is there twice: {found[0]} and {found[1]}")
        return found[0] if found else None

    def read(self, *endings: str) -> bytes:
        """Content of the file whose path ends with one of `endings`, the first that exists. Raises DataError."""
        for ending in endings:
            if path := self.find(ending):
                try:
                    return (self.place / path).read_bytes() if self._archive is None else self._archive.read(path)
                except (OSError, zipfile.BadZipFile) as error:
                    raise DataError(f"{self.place}: {path} cannot be read ({error})") from error
        raise DataError(f"{self.place}: there is no {' or '.join(endings)} in it")
