"""What the training job `uad-ts2vec` is made of: learn an encoder, represent points, score them."""

from __future__ import annotations

import numpy as np
import torch

from tenfold.papers.leiad.ts2vec.encoder import Encoder
from tenfold.papers.leiad.ts2vec.masking import exact, windowed
from tenfold.papers.leiad.ts2vec.score import score
from tenfold.papers.leiad.ts2vec.settings import TS2VecSettings
from tenfold.papers.leiad.ts2vec.training import Training, standardized
from tenfold.training.run import Run

__all__ = ["learn", "represent", "score"]


def learn(
    run: Run, seed: int, settings: TS2VecSettings, values: np.ndarray, offsets: np.ndarray, series: np.ndarray
) -> Encoder:
    """The encoder of a seed, learnt from the series with these places; resumes where a killed run stopped.

    `values` (N,) and `offsets` (S + 1,) are those of the prepared data. The history gets the loss of every step.
    """
    with run.seeded(seed, "ts2vec"):
        encoder = Encoder(settings).to(run.device)
    training = Training(encoder, _standardized(values, offsets, series), settings, run.generator(seed, "ts2vec"))
    loop = run.loop(f"ts2vec-{seed}", training.total, training.state, seed=seed)
    for _ in loop:
        loop.log(loss=training.step())
    return training.encoder


def represent(encoder: Encoder, values: np.ndarray, offsets: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Representations (n, R) float32 of all points of the series with these places, one after the other."""
    device, settings = next(encoder.parameters()).device, encoder.settings
    found = []
    for one in _standardized(values, offsets, series):  # one at a time: they differ in length
        x = torch.from_numpy(one).to(device)
        r = exact(encoder, x) if settings.masking == "exact" else windowed(encoder, x, settings.padding)
        found.append(r.cpu().numpy())
    return np.concatenate(found)


def _standardized(values: np.ndarray, offsets: np.ndarray, series: np.ndarray) -> list[np.ndarray]:
    return [standardized(values[offsets[place] : offsets[place + 1]]) for place in series]
