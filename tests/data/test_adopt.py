import pytest

from tenfold.data.fetch import adopt, fetch
from tenfold.data.manifest import is_present, read_manifest
from tenfold.errors import DataError

from .conftest import leftovers, raw_dataset, sha256

CONTENT = b"user,item,time\na,b,1\n"
CSV = {
    "type": "mirror",
    "files": [{"path": "deep/a.csv", "sha256": sha256(CONTENT)}],
    "reader": "interactions.csv",
    "settings": {"file": "a.csv"},
}
REVIEWS = {
    "type": "url",
    "url": "https://example.org/reviews.json",
    "files": [{"path": "reviews.json", "name": "r.json"}],
    "reader": "interactions.amazon_reviews",
}
GENERATED = {"type": "generator", "generator": "no_such_module:never_called"}


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("place", ["a.csv", "deep/a.csv"])
def test_files_put_in_place_by_hand_are_copied_and_recorded(mine, tmp_path, place):
    (mine / place).parent.mkdir(exist_ok=True)
    (mine / place).write_bytes(CONTENT)
    manifest = adopt("d", raw_dataset(CSV, REVIEWS), mine, tmp_path / "raw/d")
    assert manifest == read_manifest(tmp_path / "raw/d")
    assert (manifest.source, manifest.reader) == ("adopted", "interactions.csv")
    assert manifest.reader_settings == {"file": "a.csv"}
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    assert (mine / place).exists()
    assert str(tmp_path) not in (tmp_path / "raw/d/manifest.json").read_text()


@pytest.mark.parametrize("name", ["reviews.json", "r.json"])
def test_the_reader_is_that_of_the_first_source_whose_files_are_all_there(mine, tmp_path, name):
    (mine / name).write_bytes(b"{}")
    manifest = adopt("d", raw_dataset(CSV, REVIEWS), mine, tmp_path / "raw/d")
    assert manifest.reader == "interactions.amazon_reviews"
    assert [file.name for file in manifest.files] == ["r.json"]


def test_a_file_that_is_not_the_registered_one_is_refused_and_nothing_is_written(mine, tmp_path):
    (mine / "a.csv").write_bytes(b"another version")
    with pytest.raises(DataError, match="does not hold the data set d") as caught:
        adopt("d", raw_dataset(CSV, REVIEWS, GENERATED), mine, tmp_path / "raw/d")
    assert "has the sha256" in str(caught.value)
    assert "there is no reviews.json" in str(caught.value)
    assert not is_present(tmp_path / "raw/d")
    assert leftovers(tmp_path / "raw") == []


def test_files_that_lie_under_data_raw_already_can_be_adopted_there(tmp_path):
    raw = tmp_path / "raw/d"
    raw.mkdir(parents=True)
    (raw / "a.csv").write_bytes(CONTENT)
    adopt("d", raw_dataset(CSV), raw, raw)
    assert (raw / "a.csv").read_bytes() == CONTENT
    assert is_present(raw)


def test_adopted_data_is_not_fetched_again(mine, tmp_path):
    (mine / "reviews.json").write_bytes(b"{}")
    dataset = raw_dataset(CSV, REVIEWS)
    adopted = adopt("d", dataset, mine, tmp_path / "raw/d")
    assert fetch("d", dataset, [], tmp_path / "raw/d") == adopted


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere is not a folder"):
        adopt("d", raw_dataset(CSV), tmp_path / "nowhere", tmp_path / "raw/d")


def test_generated_data_cannot_be_adopted(mine, tmp_path):
    with pytest.raises(DataError, match="generated, not read"):
        adopt("d", raw_dataset(GENERATED), mine, tmp_path / "raw/d")
