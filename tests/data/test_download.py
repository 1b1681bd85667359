import errno
import shutil
import threading

import pytest

from tenfold.data.download import RETRIES, Cancelled, download, without_credentials
from tenfold.errors import SourceUnavailable

from .conftest import Web, sha256

pytestmark = pytest.mark.usefixtures("no_waiting")
CONTENT = bytes(range(256)) * 1000


def test_a_file_arrives_whole_without_being_unpacked_on_the_way(web: Web, tmp_path):
    web.files["a.gz"] = CONTENT
    download(web.url("a.gz"), tmp_path / "a.gz", sha256(CONTENT))
    assert (tmp_path / "a.gz").read_bytes() == CONTENT
    assert web.headers["Accept-Encoding"] == "identity"


def test_a_connection_that_breaks_off_is_tried_again(web: Web, tmp_path):
    web.files["a"], web.broken["a"] = CONTENT, RETRIES
    download(web.url("a"), tmp_path / "a", sha256(CONTENT))
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert web.asked["a"] == RETRIES + 1


@pytest.mark.parametrize("known", [True, False])
def test_a_file_that_always_arrives_truncated_is_refused(web: Web, tmp_path, known):
    web.files["a"], web.broken["a"] = CONTENT, 99
    with pytest.raises(SourceUnavailable, match="broke off"):
        download(web.url("a"), tmp_path / "a", sha256(CONTENT) if known else None)
    assert list(tmp_path.iterdir()) == []


def test_another_content_than_registered_is_refused(web: Web, tmp_path):
    web.files["a"] = b"an error page that pretends to be the file"
    with pytest.raises(SourceUnavailable, match="registered sha256"):
        download(web.url("a"), tmp_path / "a", sha256(CONTENT))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (429, RETRIES + 1), (503, RETRIES + 1)])
def test_only_an_error_that_may_pass_is_tried_again(web: Web, tmp_path, status, tries):
    web.status["a"] = status
    with pytest.raises(SourceUnavailable, match=f"127.0.0.1 answers {status}"):
        download(web.url("a"), tmp_path / "a")
    assert web.asked["a"] == tries


def test_an_address_where_nobody_listens_is_said_in_one_sentence(nobody_listens, tmp_path):
    with pytest.raises(SourceUnavailable, match=r"^no connection to 127\.0\.0\.1$"):
        download(f"{nobody_listens}/a", tmp_path / "a")


def test_a_full_disk_is_no_fault_of_the_source(web: Web, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    web.files["a"] = CONTENT
    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(OSError, match="No space left"):
        download(web.url("a"), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_download_ends_and_leaves_nothing(web: Web, tmp_path):
    web.files["a"] = CONTENT
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        download(web.url("a"), tmp_path / "a", stop=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_goes_to_stderr_when_asked(web: Web, tmp_path, capsys):
    web.files["a.txt"] = CONTENT
    download(web.url("a.txt"), tmp_path / "quiet.txt")
    assert capsys.readouterr() == ("", "")
    download(web.url("a.txt"), tmp_path / "a.txt", progress=True)
    out, err = capsys.readouterr()
    assert (out, "a.txt" in err) == ("", True)


def test_a_password_in_an_address_is_not_shown():
    assert without_credentials("https://me:secret@host:8/a?b=c") == "https://host:8/a?b=c"
    assert without_credentials("../shared/data") == "../shared/data"
