"""Write data/embedded/adult-10k and bank-10k: 10,000 rows each of two UCI tables.

    python tools/embed_tables.py <folder>

<folder> holds adult/adult.data.gz and bank/bank-additional-full.csv.gz: the publisher's files, with a header line in
the case of Adult, compressed. Rows are a fixed draw among those without a missing value, in the order of the file, and
verbatim. The entries of config/datasets.yaml take their sizes and checksums from what this prints.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path

import numpy as np

from tenfold import paths
from tenfold.provenance import sha256_of

ROWS = 10_000
SOURCES = {
    "adult-10k": {
        "file": "adult/adult.data.gz",
        "sha256": "30abd82a271a87f44eb69b20a3985ccf2dc0d6963941ef2f2738df22e8415658",
        "title": "Adult (census income of 1994)",
        "authors": "Barry Becker and Ronny Kohavi, 1996; <https://archive.ics.uci.edu/dataset/2/adult>",
        "missing": "?",
    },
    "bank-10k": {
        "file": "bank/bank-additional-full.csv.gz",
        "sha256": "74adfc578bf77a7ff4bb1ba4a9f8709d9e3c6907342959c2c8416847e0afb4d8",
        "title": "Bank Marketing (bank-additional-full)",
        "authors": "Sérgio Moro, Paulo Cortez and Paulo Rita, 2014; <https://archive.ics.uci.edu/dataset/222/bank+marketing>",
        "missing": None,
    },
}
README = """# {name}

{rows:,} of the {total:,} rows {which}of the table {title}: a random draw, verbatim, in the order of the file.

- *Authors*: {authors}.
- *Licence*: Creative Commons Attribution 4.0 International (CC BY 4.0, <https://creativecommons.org/licenses/by/4.0/>),
  as the UCI Machine Learning Repository publishes it. This subset is passed on under the same licence; it is not
  covered by the licence of the code. Changes: rows were drawn, nothing else.
- *Provenance*: the file with the sha256 `{sha256}` before compression;
  made by `python tools/embed_tables.py <folder>`.

| file | bytes | sha256 |
|---|---|---|
| `{name}.csv.gz` | {size} | `{digest}` |
"""


def main(folder: Path) -> None:
    """Check the sources, draw the rows, write a compressed table and a README for each."""
    for name, source in SOURCES.items():
        content = gzip.decompress((folder / str(source["file"])).read_bytes())
        if (found := hashlib.sha256(content).hexdigest()) != source["sha256"]:
            raise SystemExit(f"{source['file']} has the sha256 {found} instead of {source['sha256']}")
        header, *lines = content.decode("utf-8").splitlines()
        kept = [
            line for line in lines if line and (source["missing"] is None or source["missing"] not in line.split(","))
        ]
        chosen = np.sort(np.random.default_rng(0).permutation(len(kept))[:ROWS])
        text = "\n".join([header, *(kept[row] for row in chosen)]) + "\n"
        target = paths.EMBEDDED / name / f"{name}.csv.gz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))
        size, digest = target.stat().st_size, sha256_of(target)
        which = "without a missing value " if source["missing"] else ""
        described = README.format(
            name=name, rows=ROWS, total=len(kept), which=which, size=size, digest=digest, **source
        )
        (target.parent / "README.md").write_text(described, encoding="utf-8")
        print(f"{name}: {size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
