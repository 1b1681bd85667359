"""Tables of contacts: labels, splits, codes."""

import numpy as np
import pytest

from tenfold.errors import DataError
from tenfold.papers.adatask.problems import contacts


def write(folder):
    (folder / "ml-100k.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        + "".join(f"{1 + n % 3}\t{10 + n % 2}\t{1 + n % 5}\t{3600 * n}\n" for n in range(30))
    )
    (folder / "ml-100k.user").write_text(
        "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
        "1\t17\tM\twriter\t85711\n2\t53\tF\tother\t94043\n3\t23\tM\twriter\tV1A\n"
    )
    (folder / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "10\tOne\t1995\tAction Comedy\n11\tTwo\t\tComedy\n"
    )
    return folder


@pytest.mark.parametrize(("second", "rating"), [("love", 5), ("hate", 1)])
def test_labels_come_from_ratings(tmp_path, second, rating):
    found = contacts.movielens(write(tmp_path), second)
    ratings = np.array([1 + n % 5 for n in range(30)])
    assert (found.labels[:, 0] == (ratings >= 4)).all()
    assert (found.labels[:, 1] == (ratings == rating)).all()
    assert found.bag.tolist()[:2] == [[1, 1], [0, 1]]
    assert found.fields == ["user", "item", "age", "gender", "occupation", "year", "hour", "zip"]


def test_codes_of_a_field_stand_together_and_follow_its_values(tmp_path):
    found = contacts.movielens(write(tmp_path), "love")
    starts = np.cumsum([0, *found.sizes[:-1]])
    for column, start, size in zip(found.codes.T, starts, found.sizes, strict=True):
        assert column.min() >= start
        assert column.max() < start + size
    user, gender = found.codes[:, 0], found.codes[:, 3]
    assert len(set(user[:3])) == 3
    assert (user == np.tile(user[:3], 10)).all()
    assert gender[0] == gender[2] != gender[1]


def test_the_split_is_80_10_10_and_always_the_same(tmp_path):
    found = contacts.movielens(write(tmp_path), "love")
    assert np.bincount(found.split).tolist() == [24, 3, 3]
    assert (contacts.movielens(tmp_path, "hate").split == found.split).all()
    assert len(contacts.movielens(tmp_path, "love", rows=10).labels) == 10


def test_a_user_who_is_not_described_is_a_clear_error(tmp_path):
    write(tmp_path)
    text = (tmp_path / "ml-100k.user").read_text()
    (tmp_path / "ml-100k.user").write_text(text.replace("2\t53", "9\t53"))
    with pytest.raises(DataError, match=r"ml-100k.user: '2' is not described"):
        contacts.movielens(tmp_path, "love")


def test_rare_values_become_one():
    values = np.array([5, 5, 5, 7, 7, 9, -1, -1, -1])
    split = np.array([0, 0, 0, 0, 1, 0, 0, 0, 2], np.uint8)
    codes, sizes = contacts.joined({"a": values, "b": values}, split, minimum=2)
    assert sizes.tolist() == [3, 3]  # rare, -1, 5
    assert codes[:, 0].tolist() == [2, 2, 2, 0, 0, 0, 1, 1, 1]
    assert (codes[:, 1] == codes[:, 0] + 3).all()
