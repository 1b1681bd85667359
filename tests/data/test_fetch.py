"""What `fetch` promises whatever the source: complete or visibly not, and nothing done twice."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tenfold.data import fetch as fetch_module
from tenfold.data.fetch import NoSourceWorks, fetch, fetch_all
from tenfold.data.manifest import is_present, read_manifest
from tenfold.errors import DataError

from .conftest import Web, leftovers, raw_dataset, sha256

pytestmark = pytest.mark.usefixtures("no_waiting")
CONTENT = b"user,item,time\na,b,1\n" * 1000
KNOWN = {"path": "a.csv", "sha256": sha256(CONTENT), "size": len(CONTENT)}


@pytest.fixture
def raw(tmp_path) -> Path:
    return tmp_path / "raw" / "d"


def from_web(web: Web, *files: dict, **source: object) -> dict:
    return {"type": "url", "url": web.url("x/"), "files": list(files) or [{"path": "a.csv"}], **source}


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


# -------------------------------------------------------------------------------------------- which source


def test_the_first_source_that_works_wins(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(
        {"type": "mirror", "files": [KNOWN], "reader": "interactions.ranked_text"},
        from_web(web, reader="interactions.csv", settings={"file": "a.csv"}),
        {"type": "generator", "generator": "no_such_module:never_reached"},
    )
    manifest = fetch("d", dataset, [], raw)
    assert (manifest.source, manifest.reader) == ("url", "interactions.csv")
    assert manifest.reader_settings == {"file": "a.csv"}
    assert manifest.licence == "L"


def test_when_no_source_works_each_is_named_with_its_reason_and_the_way_out(web: Web, nobody_listens, raw):
    web.files["x/c.csv"] = b"short"
    dataset = raw_dataset(
        {"type": "mirror", "files": [KNOWN]},
        from_web(web, {"path": "b.csv"}),
        from_web(web, {"path": "c.csv", "size": 6}),
        {"type": "url", "url": f"{nobody_listens}/a.csv", "files": [{"path": "a.csv"}]},
        gated="Sign the form.",
    )
    with pytest.raises(NoSourceWorks) as caught:
        fetch("d", dataset, [], raw)
    message = str(caught.value)
    assert "\n" not in message
    for words in (
        "data set d cannot be fetched", "no mirror is set", "answers 404", "5 bytes instead of 6", "no connection to",
        "Sign the form.", "tenfold data adopt d <folder>",
    ):  # fmt: skip
        assert words in message
    assert len(caught.value.reasons) == 4
    assert caught.value.exit_code == 3
    assert not raw.exists()
    assert leftovers(raw.parent) == []


def test_the_same_bytes_have_the_same_digest_from_any_source(web: Web, tmp_path):
    web.files["x/a.csv"] = CONTENT
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/a.csv").write_bytes(CONTENT)
    by_url = fetch("d", raw_dataset(from_web(web)), [], tmp_path / "one")
    by_mirror = fetch(
        "d", raw_dataset({"type": "mirror", "files": [KNOWN]}), [str(tmp_path / "mirror")], tmp_path / "2"
    )
    assert by_url.digest == by_mirror.digest


# ----------------------------------------------------------------------------------------- nothing twice


def test_a_complete_data_set_is_left_alone(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(from_web(web))
    fetch("d", dataset, [], raw)
    before = snapshot(raw)
    assert fetch("d", dataset, [], raw) == read_manifest(raw)
    assert fetch("d", dataset, [], raw, verify=True) == read_manifest(raw)
    assert snapshot(raw) == before
    assert web.asked["x/a.csv"] == 1


def test_a_forced_fetch_gives_the_same_bytes_in_data_and_manifest(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(from_web(web))
    fetch("d", dataset, [], raw)
    before = {name: content for name, (_, content) in snapshot(raw).items()}
    fetch("d", dataset, [], raw, force=True)
    assert web.asked["x/a.csv"] == 2
    assert {name: content for name, (_, content) in snapshot(raw).items()} == before


@pytest.mark.parametrize("damage", ["shorter", "gone", "manifest", "no manifest"])
def test_a_damaged_data_set_is_fetched_again(web: Web, raw, damage):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(from_web(web))
    fetch("d", dataset, [], raw)
    match damage:
        case "shorter":
            (raw / "a.csv").write_bytes(CONTENT[:-1])
        case "gone":
            (raw / "a.csv").unlink()
        case "manifest":
            (raw / "manifest.json").write_text("{")
        case "no manifest":
            (raw / "manifest.json").unlink()
    fetch("d", dataset, [], raw)
    assert (raw / "a.csv").read_bytes() == CONTENT
    assert web.asked["x/a.csv"] == 2


def test_verifying_finds_a_flipped_byte_that_sizes_do_not_show(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(from_web(web))
    fetch("d", dataset, [], raw)
    (raw / "a.csv").write_bytes(b"X" + CONTENT[1:])
    fetch("d", dataset, [], raw)
    assert web.asked["x/a.csv"] == 1
    fetch("d", dataset, [], raw, verify=True)
    assert (raw / "a.csv").read_bytes() == CONTENT


def test_a_change_of_words_in_the_registry_rewrites_the_manifest_without_fetching(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    fetch("d", raw_dataset(from_web(web)), [], raw)
    changed = raw_dataset(from_web(web, reader="interactions.recbole_inter", settings={"core": 5}), licence="M")
    manifest = fetch("d", changed, [], raw)
    assert manifest == read_manifest(raw)
    assert (manifest.reader, manifest.reader_settings, manifest.licence) == (
        "interactions.recbole_inter", {"core": 5}, "M",
    )  # fmt: skip
    assert web.asked["x/a.csv"] == 1


def test_another_checksum_in_the_registry_fetches_again(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    fetch("d", raw_dataset(from_web(web)), [], raw)
    web.files["x/a.csv"] = b"version 2"
    changed = raw_dataset(from_web(web, {"path": "a.csv", "sha256": sha256(b"version 2")}))
    fetch("d", changed, [], raw)
    assert (raw / "a.csv").read_bytes() == b"version 2"


def test_a_new_address_for_the_same_checksum_fetches_nothing(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    first = fetch("d", raw_dataset(from_web(web, KNOWN)), [], raw)
    moved = raw_dataset(from_web(web, KNOWN) | {"url": "https://example.org/moved/"})
    assert fetch("d", moved, [], raw) == first


def test_a_new_address_without_a_checksum_fetches_again_and_keeps_the_data_when_that_fails(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    first = fetch("d", raw_dataset(from_web(web)), [], raw)
    with pytest.raises(NoSourceWorks):
        fetch("d", raw_dataset(from_web(web) | {"url": web.url("moved/")}), [], raw)
    assert read_manifest(raw) == first


def test_files_that_the_registry_no_longer_names_are_removed_and_foreign_ones_kept(web: Web, raw):
    web.files = {"x/a.csv": CONTENT, "x/b.csv": b"b"}
    fetch("d", raw_dataset(from_web(web, {"path": "a.csv"})), [], raw)
    (raw / "notes.txt").write_text("mine")
    fetch("d", raw_dataset(from_web(web, {"path": "b.csv"})), [], raw)
    assert sorted(path.name for path in raw.iterdir()) == ["b.csv", "manifest.json", "notes.txt"]


def test_an_edited_local_file_is_copied_again_and_a_lost_one_is_not_missed(tmp_path, raw):
    mine = tmp_path / "mine" / "a.csv"
    mine.parent.mkdir()
    mine.write_bytes(b"one")
    dataset = raw_dataset({"type": "local", "path": str(mine.parent), "files": [{"path": "a.csv"}]})
    fetch("d", dataset, [], raw)
    mine.write_bytes(b"two")
    fetch("d", dataset, [], raw)
    assert (raw / "a.csv").read_bytes() == b"two"
    mine.unlink()
    fetch("d", dataset, [], raw)
    assert (raw / "a.csv").read_bytes() == b"two"


def test_data_on_a_read_only_disk_is_used_as_it_is(web: Web, raw, monkeypatch):
    web.files["x/a.csv"] = CONTENT
    dataset = raw_dataset(from_web(web))
    fetch("d", dataset, [], raw)

    def refuse(*_, **__):
        raise AssertionError("nothing may be written")

    monkeypatch.setattr(fetch_module, "workplace", refuse)
    assert fetch("d", dataset, [], raw).source == "url"


def test_a_folder_that_links_to_another_disk_stays_a_link(web: Web, raw, tmp_path):
    web.files["x/a.csv"] = CONTENT
    (tmp_path / "large").mkdir()
    raw.parent.mkdir()
    raw.symlink_to(tmp_path / "large")
    fetch("d", raw_dataset(from_web(web)), [], raw)
    assert raw.is_symlink()
    assert [path.name for path in raw.parent.iterdir()] == ["d"], "work is done on the disk that the files end up on"
    assert (tmp_path / "large/a.csv").read_bytes() == CONTENT


def test_files_get_the_permissions_of_the_users_umask(web: Web, raw):
    web.files["x/a.csv"] = CONTENT
    old = os.umask(0o027)
    try:
        fetch("d", raw_dataset(from_web(web)), [], raw)
    finally:
        os.umask(old)
    assert (raw / "a.csv").stat().st_mode & 0o777 == 0o640


# ---------------------------------------------------------------------------------- killed, full, crowded

SCRIPT = """
import sys
from pathlib import Path
from tenfold.config import RawDataset
from tenfold.data.fetch import fetch
source = {"type": "url", "url": sys.argv[1], "reader": "r.s", "files": [{"path": "a.csv"}, {"path": "b.csv"}]}
fetch("d", RawDataset(title="T", licence="L", sources=[source]), [], Path(sys.argv[2]))
"""


def wait_for(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_a_killed_download_leaves_nothing_that_looks_complete_and_the_next_one_finishes(web: Web, raw):
    web.files = {"x/a.csv": CONTENT, "x/b.csv": CONTENT}
    web.slow = {"x/b.csv"}
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, web.url("x/"), str(raw)])
    wait_for(lambda: web.asked["x/b.csv"])
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert leftovers(raw.parent), "the kill came in the middle"
    assert not is_present(raw)
    web.slow = set()
    fetch("d", raw_dataset(from_web(web, {"path": "a.csv"}, {"path": "b.csv"})), [], raw)
    assert (raw / "b.csv").read_bytes() == CONTENT
    assert leftovers(raw.parent) == []


@pytest.mark.parametrize("step", ["rename", "manifest"])
def test_a_fetch_stopped_while_files_are_put_in_place_is_not_complete(web: Web, raw, monkeypatch, step):
    web.files = {"x/a.csv": CONTENT, "x/b.csv": b"b"}
    dataset = raw_dataset(from_web(web, {"path": "a.csv"}, {"path": "b.csv"}))
    fetch("d", dataset, [], raw)
    replace = Path.replace
    what = {"rename": "b.csv", "manifest": "manifest.json"}[step]

    def stopped(self, target):
        if target.name == what:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        fetch("d", dataset, [], raw, force=True)
    assert not is_present(raw)
    monkeypatch.undo()
    fetch("d", dataset, [], raw)
    assert is_present(raw)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "your disk quota is used up"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "no permission to write there"),
    ],
)
@pytest.mark.parametrize("step", ["mkdir", "open", "replace"])
def test_a_disk_that_refuses_is_told_in_one_sentence_and_leaves_nothing(
    tmp_path, raw, monkeypatch, number, words, step
):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/a.csv").write_bytes(CONTENT)
    raw.parent.mkdir()
    original = getattr(Path, step)

    def refused(self, *arguments, **options):
        if step != "open" or arguments[:1] == ("wb",):
            raise OSError(number, os.strerror(number), str(self))
        return original(self, *arguments, **options)

    dataset = raw_dataset({"type": "mirror", "files": [KNOWN]}, {"type": "generator", "generator": "not:reached"})
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, refused)
        with pytest.raises(DataError, match=f"^cannot write .*d: {words}") as caught:
            fetch("d", dataset, [str(tmp_path / "mirror")], raw)
    assert caught.value.exit_code == 3
    assert not is_present(raw)
    assert leftovers(raw.parent) == []
    assert fetch("d", dataset, [str(tmp_path / "mirror")], raw).source == "mirror"


def test_several_at_once_download_once(web: Web, raw):
    web.files = {"x/a.csv": CONTENT, "x/b.csv": CONTENT}
    command = [sys.executable, "-c", SCRIPT, web.url("x/"), str(raw)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert web.asked == {"x/a.csv": 1, "x/b.csv": 1}
    assert is_present(raw)


def test_a_fetch_that_has_to_wait_says_so(web: Web, raw, capsys):
    web.files["x/a.csv"] = CONTENT
    raw.parent.mkdir()
    held, waiting = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(raw.parent / ".d.lock"):
            held.set()
            waiting.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    timer = threading.Timer(0.2, waiting.set)
    timer.start()
    fetch("d", raw_dataset(from_web(web)), [], raw, progress=True)
    holder.join()
    assert "waiting for another process that fetches d" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- many at once


def test_one_data_set_that_fails_does_not_stop_the_others(web: Web, tmp_path):
    web.files["x/a.csv"] = CONTENT
    absent = from_web(web, {"path": "absent.csv"})
    datasets = {
        "broken": raw_dataset({"type": "generator", "generator": "no_such_module:f"}),
        "away": raw_dataset(absent, size=5),
        "formed": raw_dataset(absent, gated="Sign the form.\n", licence="theirs"),
        "fine": raw_dataset(from_web(web)),
        "here": raw_dataset(from_web(web)),
    }
    fetch("here", datasets["here"], [], tmp_path / "here")
    outcomes = fetch_all(datasets, [], lambda name: tmp_path / name)
    assert [(o.name, o.status, o.ok) for o in outcomes] == [
        ("broken", "failed", False),
        ("away", "unreachable", False),
        ("formed", "gated", False),
        ("fine", "fetched", True),
        ("here", "present", True),
    ]
    broken, away, formed, fine, _ = outcomes
    assert "cannot be imported" in broken.detail
    assert "answers 404" in away.detail
    assert away.size == 5
    assert (formed.detail, formed.licence) == ("Sign the form.", "theirs")
    assert (fine.source, fine.size) == ("url: 127.0.0.1", len(CONTENT))


def test_data_sets_are_fetched_in_parallel(tmp_path, monkeypatch):
    together = threading.Barrier(3, timeout=10)

    def meet(*_, **__):
        together.wait()
        raise DataError("met")

    monkeypatch.setattr(fetch_module, "_fetch", meet)
    datasets = {name: raw_dataset({"type": "mirror", "files": [KNOWN]}) for name in "abc"}
    outcomes = fetch_all(datasets, [], lambda name: tmp_path / name)
    assert [outcome.detail for outcome in outcomes] == ["met"] * 3


def test_an_interrupt_ends_the_downloads_under_way(web: Web, tmp_path, monkeypatch):
    web.files["x/a.csv"] = CONTENT
    started, stopped = threading.Event(), threading.Event()
    original = fetch_module._fetch

    def observed(name, dataset, access, destination, **options):
        if name == "first":
            assert started.wait(10)
            raise KeyboardInterrupt
        started.set()
        assert access.stop.wait(10)
        try:
            return original(name, dataset, access, destination, **options)
        finally:
            stopped.set()

    monkeypatch.setattr(fetch_module, "_fetch", observed)
    datasets = {name: raw_dataset(from_web(web)) for name in ("first", "second")}
    with pytest.raises(KeyboardInterrupt):
        fetch_all(datasets, [], lambda name: tmp_path / name)
    assert stopped.wait(10)
    assert not is_present(tmp_path / "second")
