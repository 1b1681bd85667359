"""A generated table whose important columns are known."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from tenfold.files import write_text

NAME = "table.csv"


def planted_signal(folder: Path, *, seed: int, rows: int = 1000, signals: int = 3, noises: int = 17) -> None:
    """Write `table.csv`: y = 1 with probability sigmoid(4 (s_1 - s_2 + s_3 - ...)), the other columns are noise.

    All columns are uniform on (-1, 1); they are called signal-1 .. and noise-1 .., the label y is yes or no.
    """
    generator = np.random.default_rng(seed)
    values = generator.uniform(-1, 1, (rows, signals + noises))
    weights = 4 * (-1.0) ** np.arange(signals)
    positive = generator.random(rows) < 1 / (1 + np.exp(-values[:, :signals] @ weights))
    names = [f"signal-{i + 1}" for i in range(signals)] + [f"noise-{i + 1}" for i in range(noises)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*names, "y"])
    writer.writerows(
        [*(f"{value:.6f}" for value in row), "yes" if one else "no"] for row, one in zip(values, positive, strict=True)
    )
    write_text(folder / NAME, buffer.getvalue())
