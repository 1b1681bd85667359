import io
import shutil
import struct
import subprocess
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenfold.config import RawFile
from tenfold.data import archives
from tenfold.data.archives import extract
from tenfold.errors import SourceUnavailable

CONTENT = b"user,item\n" + bytes(range(256)) * 40
WANTED = [RawFile(path="deep/data.csv", name="mine.csv")]
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
KINDS = ["zip", "tar", "gz", "bz2", "xz", pytest.param("deb", marks=needs_dpkg)]


def zipped(entries: dict[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (modes or {}).get(name, 0o100644) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(entries: list[tarfile.TarInfo | tuple[str, bytes]], compression: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                archive.addfile(info, io.BytesIO(entry[1]))
    return buffer.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def debian(entries: dict[str, bytes], folder) -> bytes:
    root = folder / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        "Package: d\nVersion: 1\nArchitecture: all\nMaintainer: m <m@example.org>\nDescription: d\n"
    )
    for name, content in entries.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    subprocess.run(["dpkg-deb", "--build", "-Zxz", root, folder / "d.deb"], check=True, capture_output=True)
    return (folder / "d.deb").read_bytes()


def archive_of(kind: str, entries: dict[str, bytes], folder) -> bytes:
    if kind == "zip":
        return zipped(entries)
    if kind == "deb":
        return debian(entries, folder)
    return tarred(list(entries.items()), "" if kind == "tar" else kind)


def extracted(content: bytes, folder, wanted=WANTED):
    """Names and contents that `extract` leaves below `folder/out`."""
    (folder / "archive").write_bytes(content)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    extract(folder / "archive", wanted, out)
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_wanted_member_comes_out_under_our_name(kind, tmp_path):
    entries = {"other.txt": b"no", "deep/data.csv": CONTENT, "deep/data.csv.bak": b"no"}
    assert extracted(archive_of(kind, entries, tmp_path), tmp_path) == {"mine.csv": CONTENT}


def test_members_whose_names_start_with_a_dot_are_found(tmp_path):
    assert extracted(tarred([("./deep/data.csv", CONTENT)]), tmp_path) == {"mine.csv": CONTENT}


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_member_is_named(kind, tmp_path):
    with pytest.raises(SourceUnavailable, match=r"does not hold deep/data\.csv"):
        extracted(archive_of(kind, {"other.txt": b"no"}, tmp_path), tmp_path)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "C:/x", "..\\x", "\\x"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_with_an_escaping_name_is_refused(kind, name, tmp_path):
    entries = {name: b"evil", "deep/data.csv": CONTENT}
    with pytest.raises(SourceUnavailable, match="leave its folder: refused"):
        extracted(archive_of(kind, entries, tmp_path), tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        special("deep/data.csv", tarfile.SYMTYPE, "/etc/passwd"),
        special("deep/data.csv", tarfile.LNKTYPE, "other"),
        special("deep/data.csv", tarfile.CHRTYPE),
        special("deep/data.csv", tarfile.BLKTYPE),
        special("deep/data.csv", tarfile.FIFOTYPE),
        special("deep/data.csv", tarfile.DIRTYPE),
    ],
    ids=["symlink", "hardlink", "character-device", "block-device", "fifo", "folder"],
)
def test_a_wanted_member_that_is_no_file_is_refused(entry, tmp_path):
    with pytest.raises(SourceUnavailable, match="link, folder or device"):
        extracted(tarred([("other", CONTENT), entry]), tmp_path)


def test_a_symlink_in_a_zip_is_refused(tmp_path):
    with pytest.raises(SourceUnavailable, match="link, folder or device"):
        extracted(zipped({"deep/data.csv": b"/etc/passwd"}, {"deep/data.csv": 0o120777}), tmp_path)


def test_a_folder_replaced_by_a_symlink_leads_nowhere(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    content = tarred([special("deep", tarfile.SYMTYPE, str(outside)), ("deep/data.csv", CONTENT)])
    assert extracted(content, tmp_path) == {"mine.csv": CONTENT}
    assert list(outside.iterdir()) == []


def test_a_member_that_comes_twice_is_refused(tmp_path):
    with pytest.raises(SourceUnavailable, match="twice"):
        extracted(tarred([("deep/data.csv", CONTENT), ("./deep/data.csv", b"other")]), tmp_path)


@pytest.mark.parametrize("name", ["deep/data.csv", "unwanted"])
@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_bomb_is_refused_before_it_is_unpacked(kind, name, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1 << 16)
    content = archive_of(kind, {name: bytes(1 << 24), "last": b""}, tmp_path)
    with pytest.raises(SourceUnavailable, match="too many for its size"):
        extracted(content, tmp_path)
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*"))
    assert written <= archives._bound(tmp_path / "archive")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 1 << 16)
    with pytest.raises(SourceUnavailable, match="too many for its size"):
        extracted(zipped({"deep/data.csv": bytes(1 << 24)}), tmp_path)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_zip_that_lies_about_a_size_is_refused(tmp_path):
    content = bytearray(zipped({"deep/data.csv": CONTENT}))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 100)
    with pytest.raises(SourceUnavailable):
        extracted(bytes(content), tmp_path)


def test_an_encrypted_zip_is_refused(tmp_path):
    content = bytearray(zipped({"deep/data.csv": CONTENT}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SourceUnavailable, match="encrypted"):
        extracted(bytes(content), tmp_path)


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"PK\x03\x04", b"\x1f\x8b", bytes(2000)])
def test_something_else_than_an_archive_is_refused(content, tmp_path):
    with pytest.raises(SourceUnavailable):
        extracted(content, tmp_path)


@needs_dpkg
def test_a_truncated_debian_package_is_refused(tmp_path):
    content = debian({"deep/data.csv": CONTENT * 100}, tmp_path)
    with pytest.raises(SourceUnavailable):
        extracted(content[: len(content) // 2], tmp_path)


ARCHIVES = {
    kind: archive_of(kind, {"a": b"first", "deep/data.csv": CONTENT, "z": b"last"}, None)
    for kind in ("zip", "tar", "gz", "bz2", "xz")
}


@given(kind=st.sampled_from(sorted(ARCHIVES)), cut=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_a_truncated_archive_gives_the_whole_file_or_is_refused(kind, cut, tmp_path_factory):
    content = ARCHIVES[kind]
    try:
        found = extracted(content[: int(cut * len(content))], tmp_path_factory.mktemp("cut"))
    except SourceUnavailable:
        return
    assert found == {"mine.csv": CONTENT}


@given(kind=st.sampled_from(sorted(ARCHIVES)), place=st.floats(0, 1, exclude_max=True), value=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_archive_never_fails_in_another_way(kind, place, value, tmp_path_factory):
    content = bytearray(ARCHIVES[kind])
    content[int(place * len(content))] ^= value
    try:
        found = extracted(bytes(content), tmp_path_factory.mktemp("damaged"))
    except SourceUnavailable:
        return
    assert set(found) == {"mine.csv"}
