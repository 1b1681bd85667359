"""Readers of rated images, on generated folders and archives with the published layouts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from openpyxl import Workbook
from PIL import Image
from scipy.io import savemat

from tenfold.data.readers import rated_images
from tenfold.data.readers.rated_images import CSIQ_TYPES, LIVE_TYPES
from tenfold.errors import DataError


def write_image(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (6, 4), (value, value, value)).save(path)


def packed(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, Path("some top folder") / path.relative_to(folder))


def workbook(path: Path, sheet: str, rows: list[list[object]]) -> None:
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def cells(names: list[str]) -> np.ndarray:
    found = np.empty((1, len(names)), dtype=object)
    found[0] = names
    return found


@pytest.fixture(params=["folder", "archive"])
def place(request, tmp_path):
    """Where a database's files go, and a function that leaves them as a folder or as an archive under a name."""
    folder = tmp_path / "files"
    folder.mkdir()

    def finish(name: str) -> Path:
        if request.param == "archive":
            packed(folder, tmp_path / name)
        else:
            folder.rename(tmp_path / name)
        return tmp_path

    return folder, finish


def test_live(place, monkeypatch):
    folder, finish = place
    monkeypatch.setattr(rated_images, "LIVE_TYPES", {"jp2k": 3, "gblur": 2})
    for number in (1, 2, 3):
        write_image(folder / "jp2k" / f"img{number}.bmp", number)
    for number in (1, 2):
        write_image(folder / "gblur" / f"img{number}.bmp", 10 + number)
    write_image(folder / "refimgs" / "bikes.bmp", 99)
    savemat(folder / "dmos_realigned.mat", {"dmos_new": [[12.5, 0.0, 80.0, 33.0, -2.64]], "orgs": [[0, 1, 0, 0, 0]]})
    names = ["bikes.bmp", "bikes.bmp", "house.bmp", "house.bmp", "bikes.bmp"]
    savemat(folder / "refnames_all.mat", {"refnames_all": cells(names)})
    found = rated_images.live(finish("databaserelease2.zip"))
    assert found.names == ["jp2k/img1.bmp", "jp2k/img3.bmp", "gblur/img1.bmp", "gblur/img2.bmp"]
    assert found.scores.tolist() == [12.5, 80.0, 33.0, -2.64]
    assert found.references.tolist() == ["bikes.bmp", "house.bmp", "house.bmp", "bikes.bmp"]
    assert found.distortions.tolist() == ["jp2k", "jp2k", "gblur", "gblur"]
    assert [found.load(n)[0, 0, 0] for n in range(4)] == [1, 3, 11, 12]
    assert found.load_reference("bikes.bmp")[0, 0, 0] == 99


def test_live_has_982_files_of_which_203_are_copies():
    assert sum(LIVE_TYPES.values()) - 203 == 779


def test_csiq(tmp_path):
    images = tmp_path / "images"
    write_image(images / "awgn" / "1600.AWGN.1.png", 1)
    write_image(images / "fnoise" / "1600.fnoise.2.png", 2)
    write_image(images / "jpeg2000" / "boston.jpeg2000.5.png", 3)
    packed(images, tmp_path / "dst_imgs.zip")
    write_image(tmp_path / "sources" / "1600.png", 50)
    packed(tmp_path / "sources", tmp_path / "src_imgs.zip")
    rows = [["notes"], [None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"],
            [None, 1600, 1, "noise", 1, 0.1, 0.062], [None, 1600, 4, "fnoise", 2, 0.1, 0.25],
            [None, "boston", 3, "jpeg 2000", 5, 0.1, 0.96]]  # fmt: skip
    workbook(tmp_path / "csiq.DMOS.xlsx", "all_by_image", rows)
    found = rated_images.csiq(tmp_path)
    assert found.names == ["1600.AWGN.1.png", "1600.fnoise.2.png", "boston.jpeg2000.5.png"]
    assert found.scores.tolist() == [0.062, 0.25, 0.96]
    assert found.references.tolist() == ["1600", "1600", "boston"]
    assert found.distortions.tolist() == ["AWGN", "pink noise", "JP2K"]
    assert [found.load(n)[0, 0, 0] for n in range(3)] == [1, 2, 3]
    assert found.load_reference("1600")[0, 0, 0] == 50
    assert len(CSIQ_TYPES) == 6


def test_live_challenge_leaves_out_the_seven_training_images(place):
    folder, finish = place
    names = [f"t{number}.bmp" for number in range(1, 8)] + ["10.bmp", "2.JPG"]
    for number, name in enumerate(names):
        write_image(folder / "Images" / name, number)
    (folder / "Data").mkdir()
    savemat(folder / "Data" / "AllImages_release.mat", {"AllImages_release": cells(names).T})
    savemat(folder / "Data" / "AllMOS_release.mat", {"AllMOS_release": [[*range(7), 82.9, 3.42]]})
    found = rated_images.live_challenge(finish("ChallengeDB_release.zip"))
    assert found.names == ["10.bmp", "2.JPG"]
    assert found.scores.tolist() == [82.9, 3.42]
    assert set(found.references) == {""}
    assert found.load(0)[0, 0, 0] == 7


@pytest.mark.parametrize("name", ["Grades/grade.xlsx", "DatabaseGrades.xlsx"])
def test_bid(place, name):
    folder, finish = place
    write_image(folder / "DatabaseImage0001.JPG", 40)
    write_image(folder / "DatabaseImage0586.JPG", 80)
    workbook(folder / name, "grades", [["Image number", "Grade"], [1, 4.51664], [586, 0.164]])
    found = rated_images.bid(finish("bid.zip"))
    assert found.names == ["DatabaseImage0001.JPG", "DatabaseImage0586.JPG"]
    assert found.scores.tolist() == [4.51664, 0.164]
    assert found.load(1).shape == (4, 6, 3)


def test_koniq(place):
    folder, finish = place
    write_image(folder / "1024x768" / "10.jpg", 40)
    text = "image_name,c1,MOS,MOS_zscore\n10.jpg,0,3.1,61.5\n"
    (folder / "koniq10k_scores_and_distributions.csv").write_text(text)
    found = rated_images.koniq(finish("koniq10k.zip"))
    assert found.names == ["10.jpg"]
    assert found.scores.tolist() == [61.5]
    assert found.load(0).shape == (4, 6, 3)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=r"databaserelease2\.zip does not exist"):
        rated_images.live(tmp_path)
    (tmp_path / "koniq10k.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match="neither a folder nor a readable zip archive"):
        rated_images.koniq(tmp_path)
    (tmp_path / "bid.zip").unlink(missing_ok=True)
    with zipfile.ZipFile(tmp_path / "bid.zip", "w") as file:
        file.writestr("readme", "x")
    with pytest.raises(DataError, match=r"there is no grade\.xlsx or DatabaseGrades\.xlsx"):
        rated_images.bid(tmp_path)


def test_a_score_without_its_image_is_noticed_when_it_is_loaded(place):
    folder, finish = place
    text = "image_name,MOS_zscore\n10.jpg,61.5\n"
    (folder / "koniq10k_scores_and_distributions.csv").write_text(text)
    found = rated_images.koniq(finish("koniq10k.zip"))
    with pytest.raises(DataError, match=r"there is no 1024x768/10\.jpg"):
        found.load(0)


def test_a_workbook_that_is_none_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "bid.zip", "w") as file:
        file.writestr("grade.xlsx", b"no workbook")
    with pytest.raises(DataError, match=r"the workbook of grades: is not a readable \.xlsx workbook"):
        rated_images.bid(tmp_path)
