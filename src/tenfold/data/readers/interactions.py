"""Readers of timestamped interactions. Each raises DataError, naming file and line, for anything malformed.

The raw formats number users from 0 and items from 1 in order of first appearance in the file; the sequences published
with TiCoSeRec keep their item ids.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tenfold.data.interactions import Interactions, from_events, k_core
from tenfold.data.lines import Columns, integers_by_line, json_lines, table
from tenfold.errors import DataError

__all__ = ["Interactions", "amazon_reviews", "csv", "ranked_text", "recbole_inter", "yelp_reviews"]

YEAR_9999 = 253_402_300_799
"""Its last second; anything later is not in seconds."""


def ranked_text(folder: Path, *, items: str, times: str) -> Interactions:
    """The pair of files that the TiCoSeRec repository publishes: `user_id v1 ... vn` a line, items and Unix seconds.

    The order within a line is kept: it is chronological, and ties carry the publisher's order. Item ids stay as
    published; user u is line u + 1, and `user_ids` holds the published user ids.
    """
    users, lengths, item = _sequences(folder / items)
    time_users, time_lengths, time = _sequences(folder / times)
    if len(users) != len(time_users):
        raise DataError(f"{folder / times} has {len(time_users)} lines, {items} has {len(users)}")
    if (unlike := (users != time_users) | (lengths != time_lengths)).any():
        line = _first(unlike) + 1
        raise DataError(f"{folder / times}: line {line}: another user or another number of entries than in {items}")
    user = np.repeat(np.arange(len(users)), lengths)
    if (padding := item < 1).any():
        raise DataError(f"{folder / items}: line {user[_first(padding)] + 1}: item 0; ids start at 1")
    if (backwards := (np.diff(time) < 0) & (np.diff(user) == 0)).any():
        raise DataError(f"{folder / times}: line {user[_first(backwards)] + 1}: the times are not chronological")
    return Interactions(user=user, item=item, time=time, user_ids=users)


def _sequences(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First number of each line (U,), how many follow it (U,), and all that follow, joined (E,)."""
    numbers, counts = integers_by_line(path)
    if (alone := counts < 2).any():
        raise DataError(f"{path}: line {_first(alone) + 1}: a user without a single entry")
    follows = np.ones(len(numbers), dtype=bool)
    follows[np.cumsum(counts) - counts] = False
    return numbers[~follows], counts - 1, numbers[follows]


def _first(mask: np.ndarray) -> int:
    return int(np.flatnonzero(mask)[0])


def csv(
    folder: Path,
    *,
    file: str = "interactions.csv",
    user: str = "user",
    item: str = "item",
    time: str = "time",
    rating: str | None = None,
    time_format: str = "unix",
    separator: str = ",",
    core: int = 0,
) -> Interactions:
    """A table with a header line and one event a line, in any order; columns that are not named are ignored.

    `user`, `item`, `time`, `rating` name the columns. `time_format` is `unix` (seconds) or `iso` (2019-03-04 or
    2019-03-04T05:06:07+01:00; UTC where no zone is given). `core`: keep users and items with at least that many events.
    """
    if time_format not in ("unix", "iso"):
        raise DataError(f"{folder / file}: time_format is {time_format!r}; known: unix, iso")
    columns = table(folder / file, [user, item, time] + ([rating] if rating else []), separator)
    seconds = _moments(columns, time) if time_format == "iso" else _unix_seconds(columns, time)
    ratings = columns.numbers(rating) if rating else None
    return _checked(from_events(columns.texts(user), columns.texts(item), seconds, ratings), core, folder / file)


def recbole_inter(folder: Path, *, file: str, core: int = 0) -> Interactions:
    """RecBole's `.inter` file: tabs, header `user_id:token item_id:token rating:float timestamp:float`."""
    return csv(
        folder,
        file=file,
        user="user_id:token",
        item="item_id:token",
        time="timestamp:float",
        rating="rating:float",
        separator="\t",
        core=core,
    )


def amazon_reviews(folder: Path, *, file: str, core: int = 0) -> Interactions:
    """Amazon product reviews of 2014 (`reviews_<category>_5.json.gz`, one review a line); every rating is an event."""
    columns = Columns(folder / file, ["reviewerID", "asin", "unixReviewTime", "overall"])
    kinds: dict[str, type | tuple[type, ...]] = {
        "reviewerID": str, "asin": str, "unixReviewTime": int, "overall": (int, float),
    }  # fmt: skip
    for line, values in json_lines(folder / file, kinds):
        columns.append(line, values)
    time = np.array(columns.values["unixReviewTime"], dtype=np.int64)
    events = from_events(columns.texts("reviewerID"), columns.texts("asin"), time, columns.numbers("overall"))
    return _checked(events, core, folder / file)


def yelp_reviews(
    folder: Path,
    *,
    file: str = "yelp_academic_dataset_review.json",
    first: str | None = None,
    last: str | None = None,
    core: int = 0,
) -> Interactions:
    """Yelp reviews (one JSON object a line) of the days `first`..`last`, both included, such as 2019-01-01.

    `core`: users and businesses with fewer reviews in that window are dropped, again and again until there is none.
    """
    begin, end = _day(first) or "", _day(last) or "9999"
    columns = Columns(folder / file, ["user_id", "business_id", "date", "stars"])
    kinds: dict[str, type | tuple[type, ...]] = {
        "user_id": str, "business_id": str, "date": str, "stars": (int, float),
    }  # fmt: skip
    for line, values in json_lines(folder / file, kinds):
        if begin <= values[2][:10] <= end:
            columns.append(line, values)
    time = _moments(columns, "date")
    events = from_events(columns.texts("user_id"), columns.texts("business_id"), time, columns.numbers("stars"))
    return _checked(events, core, folder / file)


def _day(text: str | None) -> str | None:
    try:
        return None if text is None else datetime.strptime(text, "%Y-%m-%d").date().isoformat()
    except ValueError:
        raise DataError(f"{text!r} is not a day such as 2019-01-31") from None


def _unix_seconds(columns: Columns, name: str) -> np.ndarray:
    """A column of Unix seconds (E,) int64, fractions cut off."""
    seconds = np.floor(columns.numbers(name))
    if (far := np.abs(seconds) > YEAR_9999).any():
        raise DataError(f"{columns.where(_first(far))}: {name}: too large for Unix seconds; are these milliseconds?")
    return seconds.astype(np.int64)


def _moments(columns: Columns, name: str) -> np.ndarray:
    """A column of ISO dates or times as Unix seconds (E,) int64; UTC where no zone is given."""
    seconds = np.empty(len(columns), dtype=np.int64)
    for index, text in enumerate(columns.values[name]):  # numpy's own parser knows no time zones
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise DataError(f"{columns.where(index)}: {name}: {text!r} is not an ISO date or time") from None
        seconds[index] = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // 1)
    return seconds


def _checked(events: Interactions, core: int, path: Path) -> Interactions:
    left = k_core(events, core)
    if not len(left):
        what = f" that has {core} of its user and item" if len(events) else ""
        raise DataError(f"{path}: there is not a single event{what}")
    return left
