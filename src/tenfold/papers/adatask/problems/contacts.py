"""Tables of contacts between users and items with two binary labels: MovieLens-100K, and TikTok's short videos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tenfold.data.lines import table
from tenfold.errors import DataError

TRAIN, VALIDATION, TEST = 0, 1, 2
SPLIT_SEED = 42
AGES = (18, 25, 35, 45, 50, 56, 65)
"""Lower ends of the age groups after the first: eight groups."""
HOUR, YEARS = 3600, 3


@dataclass(frozen=True)
class Contacts:
    """`codes` (N, F) int32, field after field in one numbering; `sizes` (F,) and `fields` names; `bag` (N, G) uint8;
    `labels` (N, 2) uint8; `split` (N,) uint8: 0 training, 1 validation, 2 test.
    """

    codes: np.ndarray
    sizes: np.ndarray
    fields: list[str]
    bag: np.ndarray
    labels: np.ndarray
    split: np.ndarray


def random_split(rows: int, generator: np.random.Generator) -> np.ndarray:
    """80 % training, 10 % validation, 10 % test, (rows,) uint8."""
    split = np.full(rows, TRAIN, np.uint8)
    order = generator.permutation(rows)
    split[order[: rows // 10]] = TEST
    split[order[rows // 10 : 2 * (rows // 10)]] = VALIDATION
    return split


def joined(columns: Mapping[str, np.ndarray], split: np.ndarray, minimum: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, F) and number of codes (F,) from columns (N,) of any values.

    The first code of a field stands for values seen fewer than `minimum` times in training.
    """
    codes, sizes = [], []
    for values in columns.values():
        _, inverse = np.unique(values, return_inverse=True)
        counts = np.bincount(inverse[split == TRAIN], minlength=inverse.max() + 1)
        known = counts >= minimum
        number = np.where(known, np.cumsum(known), 0)
        codes.append(number[inverse])
        sizes.append(int(known.sum()) + 1)
    offsets = np.cumsum([0, *sizes[:-1]])
    return (np.stack(codes, 1) + offsets).astype(np.int32), np.array(sizes)


def movielens(folder: Path, second: str, rows: int | None = None) -> Contacts:
    """MovieLens-100K in RecBole's three files: labels rating >= 4, and rating 5 (`love`) or rating 1 (`hate`)."""
    ratings = table(
        folder / "ml-100k.inter", ["user_id:token", "item_id:token", "rating:float", "timestamp:float"], "\t"
    )
    users = table(
        folder / "ml-100k.user",
        ["user_id:token", "age:token", "gender:token", "occupation:token", "zip_code:token"],
        "\t",
    )
    items = table(folder / "ml-100k.item", ["item_id:token", "release_year:token", "class:token_seq"], "\t")
    user = _places(ratings.texts("user_id:token"), users.texts("user_id:token"), folder / "ml-100k.user")
    item = _places(ratings.texts("item_id:token"), items.texts("item_id:token"), folder / "ml-100k.item")
    rating, seconds = ratings.numbers("rating:float"), ratings.numbers("timestamp:float")
    kept = np.arange(len(rating))
    if rows is not None:
        kept = np.sort(np.random.default_rng(SPLIT_SEED).permutation(len(rating))[:rows])
    user, item, rating, seconds = user[kept], item[kept], rating[kept], seconds[kept]
    split = random_split(len(rating), np.random.default_rng(SPLIT_SEED))
    year = np.array([int(text) if text.isdigit() else 0 for text in items.values["release_year:token"]])
    columns = {
        "user": user,
        "item": item,
        "age": np.digitize(users.numbers("age:token"), AGES)[user],
        "gender": np.array(users.texts("gender:token"))[user],
        "occupation": np.array(users.texts("occupation:token"))[user],
        "year": (year // YEARS)[item],
        "hour": (seconds // HOUR % 24).astype(int),
        "zip": np.array([text[0] for text in users.texts("zip_code:token")])[user],
    }
    codes, sizes = joined(columns, split)
    labels = np.stack([rating >= 4, rating == (5 if second == "love" else 1)], 1).astype(np.uint8)
    return Contacts(codes, sizes, list(columns), _genres(items.values["class:token_seq"])[item], labels, split)


def _places(wanted: Sequence[str], known: Sequence[str], path: Path) -> np.ndarray:
    places = {name: place for place, name in enumerate(known)}
    try:
        return np.array([places[name] for name in wanted])
    except KeyError as error:
        raise DataError(f"{path}: {error} is not described there") from None


def _genres(texts: Sequence[str]) -> np.ndarray:
    """Which of the genres each text names, (items, G) uint8, genres in alphabetical order."""
    words = [text.split() for text in texts]
    names = sorted({word for line in words for word in line})
    return np.array([[name in line for name in names] for line in words], dtype=np.uint8)


VIDEO_FIELDS = ("uid", "item_id", "author_id", "item_city", "channel", "music_id", "device", "duration_time")


def short_videos(columns: Mapping[str, np.ndarray], minimum: int) -> Contacts:
    """TikTok (ICME 2019), features as in STEM; labels finish and like. `columns` from the reader `videos.tiktok`."""
    split = random_split(len(columns["uid"]), np.random.default_rng(SPLIT_SEED))
    chosen = {name: columns[name] for name in VIDEO_FIELDS}
    codes, sizes = joined(chosen, split, minimum)
    labels = np.stack([columns["finish"], columns["like"]], 1).astype(np.uint8)
    return Contacts(codes, sizes, list(chosen), np.zeros((len(codes), 0), np.uint8), labels, split)
