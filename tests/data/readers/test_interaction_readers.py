import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.config import Configuration
from tenfold.data.readers import read
from tenfold.data.readers.interactions import amazon_reviews, csv, ranked_text, recbole_inter, yelp_reviews
from tenfold.errors import DataError


def put(folder: Path, name: str, text: str) -> None:
    content = text.encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


def triples(found) -> list[tuple[str, str, int]]:
    users, items = found.user_ids[found.user], found.item_ids[found.item - 1]
    return list(zip(users.tolist(), items.tolist(), found.time.tolist(), strict=True))


# ---------------------------------------------------------------------------------------------- ranked text


def ranked(folder: Path, items: str, times: str, suffix: str = ".txt"):
    put(folder, f"i{suffix}", items)
    put(folder, f"t{suffix}", times)
    return ranked_text(folder, items=f"i{suffix}", times=f"t{suffix}")


@pytest.mark.parametrize("suffix", [".txt", ".txt.gz"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_sequences_keep_the_published_order_and_item_ids(tmp_path, suffix, end):
    found = ranked(tmp_path, f"7 5 2 5\n3 1{end}", f"7 100 100 200\n3 50{end}", suffix)
    assert found.user.tolist() == [0, 0, 0, 1]
    assert found.item.tolist() == [5, 2, 5, 1]
    assert found.time.tolist() == [100, 100, 200, 50]
    assert found.user_ids.tolist() == [7, 3]
    assert found.item_ids is None
    assert (found.users, found.items) == (2, 5)


sequences = st.lists(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**12)), min_size=1, max_size=6), min_size=1, max_size=6
)


@given(rows=sequences)
@settings(deadline=None)
def test_every_pair_of_well_formed_files_is_read_back_as_written(rows, tmp_path_factory):
    rows = [sorted(row, key=lambda event: event[1]) for row in rows]
    lines = [[" ".join(str(event[k]) for event in row) for row in rows] for k in (0, 1)]
    items, times = ("".join(f"{user} {line}\n" for user, line in enumerate(part)) for part in lines)
    found = ranked(tmp_path_factory.mktemp("ranked"), items, times)
    assert list(zip(found.item.tolist(), found.time.tolist(), strict=True)) == [event for row in rows for event in row]
    assert found.lengths.tolist() == [len(row) for row in rows]


@pytest.mark.parametrize(
    ("items", "times", "message"),
    [
        ("1 5\n2 x\n", "1 9\n2 9\n", r"i\.txt: line 2: something else than whole numbers"),
        ("1 5\n2 -5\n", "1 9\n2 9\n", r"i\.txt: line 2: something else"),
        ("1 5\r\n2 5\r\n", "1 9\n2 9\n", r"i\.txt: line 1: something else"),
        ("1 5\n2  5\n", "1 9\n2 9\n", r"i\.txt: line 2: an empty line, or two blanks"),
        ("1 5 \n2 5\n", "1 9\n2 9\n", r"i\.txt: line 1: an empty line, or two blanks"),
        ("1 5\n\n2 5\n", "1 9\n2 9\n", r"i\.txt: line 2: an empty line"),
        ("1 5\n2 5\n\n", "1 9\n2 9\n", r"i\.txt: line 3: an empty line"),
        ("1 5\n2\n", "1 9\n2\n", r"i\.txt: line 2: a user without a single entry"),
        ("1 5\n2 1234567890123456789\n", "1 9\n2 9\n", r"i\.txt: line 2: a number of more than 18 digits"),
        ("1 5\n2 0\n", "1 9\n2 9\n", r"i\.txt: line 2: item 0"),
        ("1 5 6\n2 5\n", "1 9\n2 9\n", r"t\.txt: line 1: another user or another number of entries"),
        ("1 5\n2 5\n", "1 9\n3 9\n", r"t\.txt: line 2: another user or another number"),
        ("1 5\n2 5\n", "1 9\n", r"t\.txt has 1 lines, i\.txt has 2"),
        ("1 5\n2 5 6\n", "1 9\n2 9 8\n", r"t\.txt: line 2: the times are not chronological"),
        ("", "1 9\n", r"i\.txt is empty"),
    ],
)
def test_a_malformed_sequence_is_named_with_file_and_line(tmp_path, items, times, message):
    with pytest.raises(DataError, match=message):
        ranked(tmp_path, items, times)


def test_a_missing_or_truncated_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"i\.txt does not exist"):
        ranked_text(tmp_path, items="i.txt", times="t.txt")
    (tmp_path / "i.txt.gz").write_bytes(gzip.compress(b"1 5\n" * 1000)[:-9])
    with pytest.raises(DataError, match=r"i\.txt\.gz cannot be read"):
        ranked_text(tmp_path, items="i.txt.gz", times="t.txt.gz")


# --------------------------------------------------------------------------------------------------- tables


def test_a_table_of_ones_own_is_read_by_the_names_of_its_columns(tmp_path):
    put(
        tmp_path,
        "orders.csv",
        "﻿day;customer;note;product;stars\n"
        '2019-03-05;ann;"late; but\nfine";tea;4\n'
        "2019-03-04T01:00:00+01:00;ann;;pot;5\n"
        "2019-03-05;bob;;tea;1.5\n"
        "2019-03-05;ann;;cup;3\n",
    )
    found = csv(
        tmp_path, file="orders.csv", user="customer", item="product", time="day", rating="stars", time_format="iso",
        separator=";",
    )  # fmt: skip
    day = 1_551_657_600  # 2019-03-04 in UTC, by `date -u -d 2019-03-04 +%s`
    assert triples(found) == [
        ("ann", "pot", day), ("ann", "tea", day + 86400), ("ann", "cup", day + 86400), ("bob", "tea", day + 86400),
    ]  # fmt: skip
    assert found.rating.tolist() == [5, 4, 3, 1.5]
    assert found.rating.dtype == np.float32


def test_a_table_may_be_cut_to_its_core(tmp_path):
    put(tmp_path, "interactions.csv", "user,item,time\na,x,1\na,y,2\nb,x,1\nb,y,2\nc,x,3\n")
    assert triples(csv(tmp_path, core=2)) == [("a", "x", 1), ("a", "y", 2), ("b", "x", 1), ("b", "y", 2)]
    with pytest.raises(DataError, match=r"interactions\.csv: there is not a single event that has 3 of"):
        csv(tmp_path, core=3)


HEADER = "user,item,time,stars,note\n"
GOOD = "a,x,1,5,-\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + GOOD + "a,x,1,5\n", "line 3: 4 fields instead of 5"),
        (HEADER + GOOD + "a,x,1,5,-,6\n", "line 3: 6 fields instead of 5"),
        (HEADER + GOOD + "\n" + GOOD, "line 3: 0 fields instead of 5"),
        (HEADER + 'a,x,1,5,"two\nlines"\n' + "a,x,soon,5,-\n", "line 4: time: 'soon' is not a finite number"),
        (HEADER + GOOD + "a,x,nan,5,-\n", "line 3: time: 'nan' is not a finite number"),
        (HEADER + "a,x,1551657600000,5,-\n", "line 2: time: too large for Unix seconds; are these milliseconds"),
        (HEADER + GOOD + "a,x,1,,-\n", "line 3: stars: '' is not a finite number"),
        (HEADER + GOOD + ",x,1,5,-\n", "line 3: user is empty"),
        (HEADER + GOOD + "a,,1,5,-\n", "line 3: item is empty"),
        (HEADER + GOOD + 'a,"x"y,1,5,-\n', "line 3: "),
        (HEADER + GOOD + 'a,"x,1,5,-\n', "line 3: unexpected end of data"),
        ("user,item,when,stars,note\n" + GOOD, "line 1: no column time; it names user, item, when, stars, note"),
        ("user,item,time,stars,user\n" + GOOD, "line 1: more than one column user"),
        ("", "line 1: no column user, item, time, stars"),
        (HEADER, "there is not a single event$"),
    ],
)
def test_a_malformed_table_is_named_with_file_and_line(tmp_path, text, message):
    put(tmp_path, "interactions.csv", text)
    with pytest.raises(DataError, match=rf"interactions\.csv: {message}"):
        csv(tmp_path, rating="stars")


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path):
    (tmp_path / "interactions.csv").write_bytes(HEADER.encode() + b"a,\xff,1,5,-\n")
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        csv(tmp_path)


@pytest.mark.parametrize("value", ["yesterday", "", "2019-02-30", "04/03/2019"])
def test_a_date_that_is_none_is_named_with_its_line(tmp_path, value):
    put(tmp_path, "interactions.csv", f"user,item,time\na,x,2019-01-01\na,x,{value}\n")
    with pytest.raises(DataError, match=r"line 3: time: .* is not an ISO date"):
        csv(tmp_path, time_format="iso")


@pytest.mark.parametrize(
    ("options", "message"), [({"time_format": "epoch"}, "known: unix, iso"), ({"separator": ";;"}, "single character")]
)
def test_a_setting_that_cannot_work_is_named(tmp_path, options, message):
    put(tmp_path, "interactions.csv", HEADER + GOOD)
    with pytest.raises(DataError, match=message):
        csv(tmp_path, **options)


names = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), min_size=1, max_size=4)


@given(rows=st.lists(st.tuples(names, names, st.integers(-(10**9), 10**10)), min_size=1, max_size=20))
@settings(deadline=None)
def test_any_text_survives_quoting(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("csv")
    quoted = ["".join(f'"{name.replace(chr(34), 2 * chr(34))}",' for name in row[:2]) + str(row[2]) for row in rows]
    put(folder, "interactions.csv", "user,item,time\n" + "\n".join(quoted))
    assert sorted(triples(csv(folder))) == sorted(rows)


def test_recbole_files_are_tables_with_typed_names(tmp_path):
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    put(tmp_path, "x.inter", header + "9\t4\t3\t20\n9\t5\t4.5\t10\n8\t4\t1\t5\n")
    found = recbole_inter(tmp_path, file="x.inter")
    assert triples(found) == [("9", "5", 10), ("9", "4", 20), ("8", "4", 5)]
    assert found.rating.tolist() == [4.5, 3, 1]
    put(tmp_path, "x.inter", "user_id\titem_id\trating\ttimestamp\n")
    with pytest.raises(DataError, match="no column user_id:token"):
        recbole_inter(tmp_path, file="x.inter")


# -------------------------------------------------------------------------------------------------- reviews


def review(user: str = "A", item: str = "B", time: object = 5, stars: object = 4.0, **more: object) -> str:
    return json.dumps({"reviewerID": user, "asin": item, "unixReviewTime": time, "overall": stars, **more})


@pytest.mark.parametrize("name", ["reviews_X_5.json.gz", "reviews.json"])
def test_amazon_reviews_are_events_whatever_the_rating(tmp_path, name):
    lines = [review("u", "x", 20), review("v", "x", 10, 1.0, reviewText="a\nb"), review("u", "y", 20), review("u", "z")]
    put(tmp_path, name, "\n".join(lines) + "\n")
    found = amazon_reviews(tmp_path, file=name)
    assert triples(found) == [("u", "z", 5), ("u", "x", 20), ("u", "y", 20), ("v", "x", 10)]
    assert found.rating.tolist() == [4, 4, 4, 1]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("", "not a JSON object"),
        ('{"reviewerID": "u"}', "no key 'asin'"),
        (review(time="5"), "unixReviewTime: unexpected value '5'"),
        (review(time=True), "unixReviewTime: unexpected value True"),
        (review(user=None), "reviewerID: unexpected value None"),
        (review(item=""), "asin is empty"),
    ],
)
def test_a_malformed_review_is_named_with_file_and_line(tmp_path, line, message):
    put(tmp_path, "r.json", f"{review()}\n{line}\n")
    with pytest.raises(DataError, match=rf"r\.json: line 2: {message}"):
        amazon_reviews(tmp_path, file="r.json")


def yelp(user: str, item: str, date: str) -> str:
    return json.dumps({"user_id": user, "business_id": item, "date": date, "stars": 3.0, "text": "x"})


def test_yelp_reviews_of_a_window_of_days_are_cut_to_their_core_inside_it(tmp_path):
    lines = [
        yelp("a", "x", "2018-12-31 23:59:59"),
        yelp("a", "x", "2019-01-01 00:00:00"),
        yelp("a", "y", "2019-06-01 10:00:00"),
        yelp("b", "x", "2019-12-31 23:59:59"),
        yelp("b", "y", "2020-01-01 00:00:00"),
        yelp("b", "y", "2019-02-01 00:00:00"),
        yelp("c", "x", "2019-03-01 00:00:00"),
        yelp("c", "y", "2017-03-01 00:00:00"),
    ]
    put(tmp_path, "yelp_academic_dataset_review.json", "\n".join(lines))
    found = yelp_reviews(tmp_path, first="2019-01-01", last="2019-12-31", core=2)
    new_year = 1_546_300_800  # by `date -u -d 2019-01-01 +%s`
    assert [row[:2] for row in triples(found)] == [("a", "x"), ("a", "y"), ("b", "y"), ("b", "x")]
    assert found.time[0] == new_year
    assert found.time[-1] == new_year + 365 * 86400 - 1
    assert len(yelp_reviews(tmp_path)) == 8


def test_a_window_that_is_no_day_or_holds_no_review_is_named(tmp_path):
    put(tmp_path, "yelp_academic_dataset_review.json", yelp("a", "x", "2018-12-31 23:59:59"))
    with pytest.raises(DataError, match="'2019' is not a day"):
        yelp_reviews(tmp_path, first="2019")
    with pytest.raises(DataError, match="not a single event"):
        yelp_reviews(tmp_path, first="2019-01-01")


# ------------------------------------------------------------------------------------------- published data

MIRROR = Path(os.environ.get("TENFOLD_MIRROR", "does-not-exist")) / "ticoserec"
PUBLISHED = {  # users, items, events, shortest, median and longest sequence, users with a repeated item
    "amazon-beauty": ("Beauty", 22363, 12101, 198502, 5, 6, 204, 0),
    "amazon-sports": ("Sports", 35598, 18357, 296337, 5, 6, 296, 0),
    "yelp-2019": ("Yelp-A", 30431, 20033, 316354, 5, 7, 350, 0.233),
}


@pytest.mark.skipif(not MIRROR.is_dir(), reason="TENFOLD_MIRROR is not a folder with ticoserec/ in it")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_sequences_have_the_published_counts(name):
    prefix, users, items, events, shortest, median, longest, repeats = PUBLISHED[name]
    source = Configuration().datasets[name].sources[0]
    found = read(source.reader, MIRROR, source.settings)
    assert (found.users, found.items, len(found)) == (users, items, events)
    assert set(np.unique(found.item)) == set(range(1, items + 1))
    lengths = found.lengths
    assert (lengths.min(), np.median(lengths), lengths.max()) == (shortest, median, longest)
    distinct = np.unique(np.stack([found.user, found.item]), axis=1).shape[1]
    with_repeats = np.mean(np.bincount(np.unique(np.stack([found.user, found.item]), axis=1)[0]) < lengths)
    assert with_repeats == pytest.approx(repeats, abs=5e-4)
    assert (distinct == events) == (repeats == 0)
    gaps = np.diff(found.time)[np.diff(found.user) == 0]
    assert gaps.min() >= 0
    order = np.loadtxt(MIRROR / f"{prefix}_var_rank_user_order.txt.gz", dtype=np.int64)
    assert np.array_equal(np.sort(order), np.sort(found.user_ids))
    if name != "yelp-2019":
        assert (found.time % 86400 == 0).all()
        assert np.mean(gaps == 0) == pytest.approx({"amazon-beauty": 0.439, "amazon-sports": 0.476}[name], abs=5e-4)


@pytest.mark.network
def test_movielens_has_the_published_counts(tmp_path):
    from tenfold.data.fetch import fetch

    manifest = fetch("ml-100k", Configuration().datasets["ml-100k"], [], tmp_path / "ml-100k")
    found = read(manifest.reader, tmp_path / "ml-100k", manifest.reader_settings)
    assert (found.users, found.items, len(found)) == (943, 1682, 100_000)
    assert (found.lengths.min(), np.median(found.lengths), found.lengths.max()) == (20, 65, 737)
    gaps = np.diff(found.time)[np.diff(found.user) == 0]
    assert np.mean(gaps == 0) == pytest.approx(0.51, abs=5e-3)
    assert set(np.unique(found.rating)) == {1, 2, 3, 4, 5}
