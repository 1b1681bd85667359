"""What a trained model predicts on test sequences, and when its levels change on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from tenfold.metrics.video_quality import psnr, ssim
from tenfold.papers.dlh.fitting import as_input
from tenfold.papers.dlh.models.base import Events, VideoModel
from tenfold.papers.dlh.palette import palette_distance
from tenfold.papers.dlh.settings import Measuring
from tenfold.training.run import Run

VALUES_AT_ONCE = 2**26
"""Pixel values of futures that are held in memory together."""
SEQUENCES_AT_ONCE = 100
SHOWN_SAMPLES = 3
"""Futures of each example that are kept for figures: the best one in SSIM, then the first ones."""


def futures(run: Run, measuring: Measuring, model: VideoModel, seed: int) -> dict[str, np.ndarray]:
    """`ssim`, `psnr` (K, B, horizon) of every sampled future; of the Moving Ball also `palette` (K, B, horizon).

    `example/truth` (E, T, H, W, C) and `example/predicted` (samples, E, horizon, H, W, C), both uint8.
    """
    start, end = measuring.context, measuring.context + measuring.horizon
    videos = run.data["test"][: measuring.sequences, :end]
    if videos.shape[1] < end:
        raise ValueError(f"measuring: {end} frames are needed, but test sequences have {videos.shape[1]}")
    size = max(1, VALUES_AT_ONCE // (measuring.samples * measuring.horizon * int(np.prod(videos.shape[2:]))))
    generator = run.generator(seed, "futures")
    measures: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {"ssim": ssim, "psnr": psnr}
    if "test/colours" in run.data:
        measures["palette"] = lambda _, predicted: palette_distance(predicted)
    scores: dict[str, list[np.ndarray]] = {name: [] for name in measures}
    shown = []
    for first in range(0, len(videos), size):
        part = videos[first : first + size]
        context = as_input(part[:, :start], run.device)
        predicted = model.predict(context, measuring.horizon, measuring.samples, generator).cpu().numpy()
        truth = part[:, start:].astype(np.float32) / 255
        for name, measure in measures.items():
            scores[name].append(measure(truth, predicted))
        if first < measuring.examples:
            shown.append(_shown(predicted, scores["ssim"][-1], measuring.examples - first))
    arrays = {name: np.concatenate(values, 1).astype(np.float32) for name, values in scores.items()}
    if shown:
        arrays["example/predicted"] = np.concatenate(shown, 1)
        arrays["example/truth"] = videos[: measuring.examples]
    return arrays


def _shown(predicted: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    """The best future of each of the first sequences, then some that were not chosen; uint8."""
    best = scores.mean(-1).argmax(0)[:count]
    rows = np.arange(len(best))
    chosen = np.concatenate([predicted[best, rows][None], predicted[: SHOWN_SAMPLES - 1, :count]])
    return np.rint(chosen.clip(0, 1) * 255).astype(np.uint8)


def events(run: Run, measuring: Measuring, model: VideoModel, seed: int) -> dict[str, np.ndarray]:
    """`events/changed`, `seen` (B, T, N) bool and `probability`, `divergence` (B, T, N) on test sequences.

    Where colours and positions are known also `means/test/<n>` and `means/validation/<n>` (B, T, s_n), to probe.
    """
    generator = run.generator(seed, "events")
    found = _events(model, run, run.data["test"][: measuring.event_sequences], generator)
    if found is None:
        return {}
    arrays = {
        "events/changed": found.changed.numpy(),
        "events/seen": found.examined.numpy(),
        "events/probability": found.probability.numpy(),
        "events/divergence": found.divergence.numpy(),
    }
    if "test/colours" not in run.data:
        return arrays
    known = _events(model, run, run.data["validation"], generator)
    assert known is not None
    for part, of in (("test", found), ("validation", known)):
        arrays |= {f"means/{part}/{n}": values.numpy() for n, values in enumerate(of.means, start=1)}
    return arrays


def _events(model: VideoModel, run: Run, videos: np.ndarray, generator: torch.Generator) -> Events | None:
    parts = []
    for first in range(0, len(videos), SEQUENCES_AT_ONCE):
        part = as_input(videos[first : first + SEQUENCES_AT_ONCE], run.device)
        found = model.posterior_events(part, generator)
        if found is None:
            return None
        parts.append(found)
    names = ("changed", "examined", "probability", "divergence")
    joined = {name: torch.cat([getattr(part, name) for part in parts]).cpu() for name in names}
    means = [torch.cat(level).cpu() for level in zip(*(part.means for part in parts), strict=True)]
    return Events(**joined, means=means)
