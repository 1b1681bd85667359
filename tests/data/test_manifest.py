import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenfold.data.manifest import FileRecord, Manifest, content_digest, files_as_recorded, is_present, read_manifest
from tenfold.errors import DataError

from .conftest import sha256


def manifest(*files: FileRecord, **changes) -> Manifest:
    fields = {"dataset": "d", "source": "url", "origin": "o", "reader": "r.s", "reader_settings": {}, "licence": "L"}
    return Manifest(**(fields | changes), files=files)


def write(folder, found: Manifest) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(found.as_json()))


records = st.lists(
    st.builds(
        FileRecord,
        name=st.from_regex(r"\A[a-z]{1,8}(/[a-z]{1,8})?\Z"),
        size=st.integers(0, 10**12),
        sha256=st.binary(min_size=1, max_size=4).map(sha256),
    ),
    max_size=5,
    unique_by=lambda record: record.name,
)


@given(files=records, settings=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5)))
def test_a_manifest_survives_its_file(files, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    expected = manifest(*files, reader_settings=settings, code="0123")
    write(folder, expected)
    assert read_manifest(folder) == expected


@given(files=records, shuffle=st.randoms())
def test_the_digest_depends_on_names_and_contents_only(files, shuffle):
    digest = manifest(*files).digest
    shuffled = list(files)
    shuffle.shuffle(shuffled)
    assert manifest(*shuffled, source="mirror", origin="elsewhere", licence="M").digest == digest
    if files:
        changed = FileRecord(files[0].name, files[0].size, sha256(b"something else"))
        assert manifest(changed, *files[1:]).digest != digest


def test_a_data_set_is_present_when_its_manifest_is(tmp_path):
    assert not is_present(tmp_path / "d")
    write(tmp_path / "d", manifest())
    assert is_present(tmp_path / "d")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"a"', '"b"'),
        lambda text: text.replace('"reader"', '"raeder"'),
        lambda text: text.replace('"digest"', '"digits"'),
    ],
)
def test_a_damaged_manifest_is_named(damage, tmp_path):
    write(tmp_path, manifest(FileRecord("a", 1, sha256(b"a"))))
    path = tmp_path / "manifest.json"
    path.write_text(damage(path.read_text()))
    with pytest.raises(DataError, match=r"manifest\.json is damaged"):
        read_manifest(tmp_path)


def test_a_manifest_cannot_point_out_of_its_folder(tmp_path):
    write(tmp_path, manifest(FileRecord("../a", 1, sha256(b"a"))))
    with pytest.raises(DataError, match="damaged"):
        read_manifest(tmp_path)


def test_a_missing_manifest_names_the_command(tmp_path):
    with pytest.raises(DataError, match="tenfold data fetch beauty"):
        read_manifest(tmp_path / "beauty")


def test_the_content_digest_follows_the_files_on_disk(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    expected = manifest(FileRecord.of(tmp_path, "a"))
    assert content_digest(tmp_path) == "absent"
    write(tmp_path, expected)
    assert content_digest(tmp_path) == expected.digest
    (tmp_path / "a").write_bytes(b"b")
    assert content_digest(tmp_path) not in (expected.digest, "absent")
    assert files_as_recorded(tmp_path, expected.files), "the size is the same"
    (tmp_path / "a").unlink()
    assert content_digest(tmp_path) == "absent"
    assert not files_as_recorded(tmp_path, expected.files)


def test_asking_for_presence_imports_nothing_heavy():
    code = "import sys, tenfold.data.manifest; print(*{'numpy', 'pydantic', 'yaml', 'pooch'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
