"""Write data/embedded/emoji-en-de: a pair of multi-modal knowledge graphs of emoji, from three npm packages.

    python tools/embed_emoji.py

It downloads about 140 MB and writes about 2.4 MB; the same packages give the same bytes. The entry `emoji-en-de` of
config/datasets.yaml takes its sizes and checksums from what this prints. Other languages need no script: a data set
with the generator `tenfold.data.generators.emoji:pair` and its two languages in the settings.
"""

from __future__ import annotations

import shutil

from tenfold import paths
from tenfold.data.generators.emoji import LANGUAGES, PICTURES, pair
from tenfold.provenance import sha256_of

TARGET = paths.EMBEDDED / "emoji-en-de"


def main() -> None:
    """Write the files and their README."""
    shutil.rmtree(TARGET, ignore_errors=True)
    pair(TARGET, first="en", second="de")
    (TARGET / "README.md").write_text(_readme(), encoding="utf-8")
    print(_readme())


def _readme() -> str:
    packages = [
        f"- npm package `{name}` {version}, sha256 `{digest}`"
        for name, version, digest in (LANGUAGES, *PICTURES.values())
    ]
    rows = [f"| `{p.name}` | {p.stat().st_size} | `{sha256_of(p)}` |" for p in sorted(TARGET.glob("*.*z"))]
    return "\n".join(
        [
            "# emoji-en-de",
            "",
            "Two knowledge graphs of emoji with structure, attributes, pictures and names: the first in English with",
            "the pictures of Twemoji, the second in German with those of Noto Emoji. Emoji are linked; keywords that",
            "at least two emoji share, subgroups and groups are entities without links. Entity ids are a random",
            "permutation in each graph. The layout is that of DBP15K, compressed (reader `knowledge_graphs.tables`).",
            "",
            "- *Labels, keywords*: Unicode CLDR, Unicode License v3; in emojibase-data (MIT, Miles Johnson).",
            "- *Pictures 1*: Twemoji, CC BY 4.0, copyright Twitter, Inc and other contributors; reduced.",
            "- *Pictures 2*: Noto Emoji, Apache License 2.0, copyright Google; reduced to 20 x 20 pixels.",
            "- *Attributes 2*: emoji-datasource, MIT, copyright Cal Henderson.",
            "",
            "Made by `python tools/embed_emoji.py` from",
            "",
            *packages,
            "",
            "| file | bytes | sha256 |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
