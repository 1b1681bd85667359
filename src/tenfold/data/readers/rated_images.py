"""Readers of image quality databases as their publishers hand them out: LIVE, CSIQ, LIVE-C, BID, KonIQ-10k.

Each takes a folder or a zip archive with the layout of the publication, and finds files by the end of their path.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.data.image_tree import ImageTree
from tenfold.data.readers.photographs import decoded
from tenfold.data.spreadsheets import Value, sheets
from tenfold.errors import DataError

LIVE_TYPES = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
"""Folder -> number of files, undistorted copies included, in the order of the score file."""
CSIQ_TYPES = {
    "AWGN": "AWGN", "JPEG": "JPEG", "jpeg2000": "JP2K", "fnoise": "pink noise", "BLUR": "blur", "contrast": "contrast",
}  # fmt: skip
"""Distortion as in the file names -> in words."""
LIVE_CHALLENGE_TRAINING = 7
"""The first images of the release were shown to people as training, and take no part."""


@dataclass(frozen=True)
class RatedImages:
    """N images with scores (N,) float64; `references` and `distortions` (N,) of texts are "" where there are none.

    `load(n)` decodes an image, (H, W, 3) uint8; `load_reference(name)` a reference photograph.
    """

    names: list[str]
    scores: np.ndarray
    references: np.ndarray
    distortions: np.ndarray
    load: Callable[[int], np.ndarray]
    load_reference: Callable[[str], np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.names)


def live(folder: Path, *, file: str = "databaserelease2.zip") -> RatedImages:
    """LIVE, release 2: five folders of `img<k>.bmp`, `dmos_realigned.mat`, `refnames_all.mat`, `refimgs/`."""
    tree = ImageTree(folder / file)
    scores = _matlab(tree, "dmos_realigned.mat", "dmos_new").astype(np.float64).ravel()
    undistorted = _matlab(tree, "dmos_realigned.mat", "orgs").astype(bool).ravel()
    references = np.array([_cell_text(cell) for cell in _matlab(tree, "refnames_all.mat", "refnames_all").ravel()])
    paths = [f"{kind}/img{number}.bmp" for kind, count in LIVE_TYPES.items() for number in range(1, count + 1)]
    _same_length(tree, paths=paths, dmos_new=scores, orgs=undistorted, refnames_all=references)
    chosen = np.flatnonzero(~undistorted)
    kept = [paths[n] for n in chosen]
    return RatedImages(
        kept, scores[chosen], references[chosen], np.array([path.partition("/")[0] for path in kept]),
        lambda n: decoded(tree.read(kept[n]), kept[n]),
        lambda name: decoded(tree.read(f"refimgs/{name}"), name),
    )  # fmt: skip


def csiq(
    folder: Path, *, images: str = "dst_imgs.zip", sources: str = "src_imgs.zip", scores: str = "csiq.DMOS.xlsx"
) -> RatedImages:
    """CSIQ: images `<reference>.<type>.<level>.png`, and the scores by image in the sheet `all_by_image`."""
    tree, originals = ImageTree(folder / images), ImageTree(folder / sources)
    path = folder / scores
    if not path.is_file():
        raise DataError(f"{path} does not exist; it comes with the images")
    with path.open("rb") as workbook:
        pages = sheets(workbook, path)
    rows = _table(
        pages.get("all_by_image") or next(iter(pages.values())), ("image", "dst_type", "dst_lev", "dmos"), path
    )
    kinds = {kind.lower().replace(" ", ""): kind for kind in CSIQ_TYPES}
    kinds["noise"] = "AWGN"
    names, values, references, distortions = [], [], [], []
    for image, kind, level, score in rows:
        spelled = kinds.get(str(kind).lower().replace(" ", ""))
        if spelled is None:
            raise DataError(f"{path}: unknown distortion {kind!r}; known: {', '.join(kinds)}")
        reference = f"{image:.0f}" if isinstance(image, float) else str(image)
        names.append(f"{reference}.{spelled}.{_number(level, path):.0f}.png")
        values.append(_number(score, path))
        references.append(reference)
        distortions.append(CSIQ_TYPES[spelled])
    return RatedImages(
        names, np.array(values), np.array(references), np.array(distortions),
        lambda n: decoded(tree.read(names[n]), names[n]),
        lambda name: decoded(originals.read(f"{name}.png"), name),
    )  # fmt: skip


def live_challenge(folder: Path, *, file: str = "ChallengeDB_release.zip") -> RatedImages:
    """LIVE in the Wild: `Images/`, and in `Data/` names (`AllImages_release.mat`) and scores (`AllMOS_release.mat`)."""
    tree = ImageTree(folder / file)
    cells = _matlab(tree, "Data/AllImages_release.mat", "AllImages_release").ravel()[LIVE_CHALLENGE_TRAINING:]
    scores = _matlab(tree, "Data/AllMOS_release.mat", "AllMOS_release").astype(np.float64).ravel()
    names = [_cell_text(cell) for cell in cells]
    return _without_references(tree, names, scores[LIVE_CHALLENGE_TRAINING:], prefix="Images/")


def bid(folder: Path, *, file: str = "bid.zip") -> RatedImages:
    """BID: `DatabaseImage<number>.JPG`, and a workbook of grades whose first columns are number and score."""
    tree = ImageTree(folder / file)
    book = io.BytesIO(tree.read("grade.xlsx", "DatabaseGrades.xlsx"))
    rows = next(iter(sheets(book, "the workbook of grades").values()))
    graded = [row for row in rows if len(row) > 1 and isinstance(row[0], float) and isinstance(row[1], float)]
    names = [f"DatabaseImage{row[0]:04.0f}.JPG" for row in graded]
    return _without_references(tree, names, np.array([row[1] for row in graded], dtype=np.float64))


def koniq(folder: Path, *, file: str = "koniq10k.zip") -> RatedImages:
    """KonIQ-10k: `1024x768/`, and `koniq10k_scores_and_distributions.csv` with the columns image_name, MOS_zscore."""
    tree = ImageTree(folder / file)
    name = "koniq10k_scores_and_distributions.csv"
    rows = list(csv.DictReader(io.StringIO(tree.read(name).decode("utf-8-sig"))))
    try:
        names, scores = [row["image_name"] for row in rows], np.array([float(row["MOS_zscore"]) for row in rows])
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{tree.place}: {name}: columns image_name and MOS_zscore are expected ({error})") from error
    return _without_references(tree, names, scores, prefix="1024x768/")


# ------------------------------------------------------------------------------------------------- parts


def _without_references(tree: ImageTree, names: Sequence[str], scores: np.ndarray, prefix: str = "") -> RatedImages:
    _same_length(tree, names=names, scores=scores)
    none = np.array([""] * len(names))
    return RatedImages(
        list(names), scores, none, none, lambda n: decoded(tree.read(f"{prefix}{names[n]}", names[n]), names[n])
    )


def _matlab(tree: ImageTree, file: str, variable: str) -> np.ndarray:
    from scipy.io import loadmat

    try:
        content: dict[str, Any] = loadmat(io.BytesIO(tree.read(file)))  # type: ignore[arg-type]
        return np.asarray(content[variable])
    except (KeyError, ValueError, TypeError, NotImplementedError) as error:
        raise DataError(f"{tree.place}: {file}: has no readable variable {variable!r} ({error})") from error


def _cell_text(cell: Any) -> str:
    """The text inside a MATLAB cell, which SciPy wraps into arrays."""
    while isinstance(cell, np.ndarray):
        cell = cell.item() if cell.size == 1 else "".join(map(str, cell.ravel()))
    return str(cell)


def _table(rows: Sequence[Sequence[Value]], columns: Sequence[str], path: Path) -> list[list[Value]]:
    """The named columns of the rows below the row that names them all."""
    for number, row in enumerate(rows):
        titles = [str(value).strip().lower() for value in row]
        if all(name in titles for name in columns):
            places = [titles.index(name) for name in columns]
            below = [[row[p] if p < len(row) else None for p in places] for row in rows[number + 1 :]]
            return [values for values in below if None not in values]
    raise DataError(f"{path}: no row names the columns {', '.join(columns)}")


def _number(value: Value, path: Path) -> float:
    if not isinstance(value, float):
        raise DataError(f"{path}: {value!r} stands where a number is expected")
    return value


def _same_length(tree: ImageTree, **parts: Any) -> None:
    lengths = {name: len(part) for name, part in parts.items()}
    if len(set(lengths.values())) != 1 or not next(iter(lengths.values())):
        described = ", ".join(f"{name} {count}" for name, count in lengths.items())
        raise DataError(f"{tree.place}: the lengths do not fit together: {described}")
