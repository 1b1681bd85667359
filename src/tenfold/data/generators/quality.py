"""Generated stand-ins for tables of image quality: they exercise readers and training, and are no evidence."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np

from tenfold.files import atomic_file

FILE_NAME = "features.csv.gz"


def texture_features(
    destination: Path, *, seed: int, references: int, levels: int = 4, bins: int = 12, pixels: int = 4000
) -> None:
    """Write `features.csv.gz`: histograms whose tail grows with the level of one of two distortions, scores 0 to 100.

    Columns: image, reference, distortion, score, texture_000, ...
    """
    generator = np.random.default_rng(seed)
    buffer = io.StringIO()
    names = [f"texture_{number:03d}" for number in range(bins)]
    buffer.write(",".join(["image", "reference", "distortion", "score", *names]) + "\n")
    for reference in range(references):
        own = generator.gamma(5.0, size=bins)
        for distortion in ("blur", "noise"):
            shape = np.linspace(0, 1, bins) if distortion == "noise" else np.linspace(1, 0, bins)
            for level in range(1, levels + 1):
                severity = level / levels
                counts = generator.multinomial(pixels, _shares(own * np.exp(2 * severity * shape)))
                score = np.clip(100 * severity + 8 * generator.standard_normal() - 12, 0, 100)
                head = f"{distortion}/{reference}.{level}.png,{reference}.png,{distortion},{score:.4f}"
                buffer.write(f"{head},{','.join(map(str, counts))}\n")
    with atomic_file(destination / FILE_NAME) as file:
        file.write(gzip.compress(buffer.getvalue().encode(), mtime=0))


def _shares(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum()
