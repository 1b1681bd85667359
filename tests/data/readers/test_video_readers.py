"""The reader of short videos, on written files, generated ones, and the real sample where a mirror has it."""

import numpy as np
import pytest

from tenfold import paths
from tenfold.config import Configuration
from tenfold.data.generators.videos import FILE_NAME, short_videos
from tenfold.data.readers import read
from tenfold.data.readers.videos import COLUMNS, tiktok
from tenfold.errors import DataError

LINE = "37448\t115\t567569\t44888\t42\t0\t0\t1\t1699\t43981\t53085738314\t9\n"


def test_columns_are_named_and_missing_values_stay_minus_one(tmp_path):
    (tmp_path / "a.tsv").write_text(LINE + LINE.replace("1699", "-1"))
    found = tiktok(tmp_path, file="a.tsv")
    assert list(found) == list(COLUMNS)
    assert found["music_id"].tolist() == [1699, -1]
    assert (found["finish"][0], found["like"][0], found["time"][0]) == (0, 1, 53085738314)
    assert len(tiktok(tmp_path, file="a.tsv", rows=1)["uid"]) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (LINE.replace("\t115", ""), "11 columns instead of 12"),
        (LINE.replace("115", "x"), "whole numbers"),
        (LINE + LINE.replace("115", ""), "whole numbers"),
        (LINE + LINE + "1\t" * 20 + "1\n", "whole numbers"),
        (LINE + LINE.replace("\t0\t0\t1\t", "\t0\t2\t1\t"), "line 2: finish is 2"),
        ("", "whole numbers"),
    ],
)
def test_malformed_files_are_named(tmp_path, content, message):
    (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(DataError, match=message):
        tiktok(tmp_path, file="a.tsv")
    with pytest.raises(DataError, match="does not exist"):
        tiktok(tmp_path, file="b.tsv")


def test_generated_contacts_have_the_rates_of_the_real_ones_and_can_be_learned(tmp_path):
    short_videos(tmp_path, seed=0, rows=20_000, users=60, items=50)
    found = read("videos.tiktok", tmp_path, {})
    assert found["finish"].mean() == pytest.approx(0.38, abs=0.02)
    assert found["like"].mean() == pytest.approx(0.035, abs=0.006)
    pairs = found["uid"] * 50 + found["item_id"]
    counts = np.bincount(pairs, minlength=3000)
    rates = np.bincount(pairs, weights=found["finish"], minlength=3000)[counts > 4] / counts[counts > 4]
    assert rates.std() > 1.3 * (0.38 * 0.62 / counts[counts > 4]).mean() ** 0.5  # more than coin flips vary


def test_the_generator_is_determined_by_its_seed(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        short_videos(tmp_path / name, seed=seed, rows=50, users=5, items=5)
    first, same, other = ((tmp_path / name / FILE_NAME).read_bytes() for name in "abc")
    assert first == same != other


def test_the_real_sample(tmp_path):
    places = [paths.ROOT / mirror / "adatask/tiktok_icme2019_sample.tsv" for mirror in Configuration().mirrors]
    found = [place for place in places if place.is_file()]
    if not found:
        pytest.skip("no mirror has adatask/tiktok_icme2019_sample.tsv")
    columns = tiktok(found[0].parent, file=found[0].name)
    assert len(columns["uid"]) == 200
    assert columns["finish"].mean() == pytest.approx(0.38)
    assert columns["like"].mean() == pytest.approx(0.035)
    assert len(np.unique(columns["uid"])) == 198
    assert len(np.unique(columns["item_id"])) == 199
