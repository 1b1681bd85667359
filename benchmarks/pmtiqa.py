"""Cost of pmtiqa's three computations, each against what it cannot do without, in CPU time on one thread.

- `bare forward`: EfficientNet-Lite0 on whole batches of crops, and nothing else; `cached taps`: from the images to the
  arrays of pooled taps, crops and normalization included. Random weights cost as much as pretrained ones.
- `six arms`: the six arms of the ablation on cached taps of 552 images of 23 photographs, 5 splits, 30 epochs, batches
  of 48 crops, as stacks of 5; `one by one`: one arm with PyTorch's own modules and Adam, seed after seed.
- `distortion` and `pseudo-score`: of one 512 x 384 photograph, the mean over six distortions and four levels.

Run: `OMP_NUM_THREADS=1 python -m benchmarks.pmtiqa`.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from tenfold import paths
from tenfold.data.readers.photographs import png
from tenfold.papers.pmtiqa.backbones.build import untrained
from tenfold.papers.pmtiqa.cache import BATCH, cached_taps
from tenfold.papers.pmtiqa.images.crops import as_input, crop_corners, cut
from tenfold.papers.pmtiqa.images.distortions import DISTORTIONS
from tenfold.papers.pmtiqa.images.pseudo_scores import full_reference
from tenfold.papers.pmtiqa.model import network
from tenfold.papers.pmtiqa.schedule import task_weights
from tenfold.papers.pmtiqa.settings import Train
from tenfold.papers.pmtiqa.training.networks import split_of, train_networks
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run

REFERENCES, EACH, SPLITS, EPOCHS = 23, 24, 5, 30
CHANNELS, GRIDS = (24, 40, 112, 320), (8, 4, 2, 1)
ARMS = {
    "pmtiqa": {},
    "no-ms": {"projection": "last-stage"},
    "no-pmt": {"schedule": {"name": "fixed", "classification": 0}},
    "no-ms-no-pmt": {"projection": "last-stage", "schedule": {"name": "fixed", "classification": 0}},
    "fixed-weights": {"schedule": {"name": "fixed"}},
    "reversed": {"schedule": {"name": "reversed"}},
}
LEVELS = {
    "awgn": [6, 13, 26, 45], "jpeg": [50, 22, 10, 4], "jp2k": [40, 80, 160, 320],
    "gblur": [0.8, 1.6, 2.8, 5], "pink": [5, 11, 20, 34], "contrast": [0.75, 0.5, 0.3, 0.15],
}  # fmt: skip
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    started = time.process_time()
    work()
    return time.process_time() - started


def extraction(images: list[np.ndarray]) -> None:
    """Bare forward passes against the whole extraction, interleaved."""
    generator = np.random.default_rng(0)
    corners = [crop_corners(*image.shape[:2], 1, generator) for image in images]
    backbone = untrained("efficientnet-lite0").eval().to(memory_format=torch.channels_last)
    crops = np.concatenate([cut(image, corner) for image, corner in zip(images, corners, strict=True)])
    batches = [as_input(part) for part in np.array_split(crops, -(-len(crops) // BATCH))]

    @torch.inference_mode()
    def bare() -> None:
        for batch in batches:
            backbone(batch)

    def cached() -> None:
        cached_taps(backbone, (cut(image, corner) for image, corner in zip(images, corners, strict=True)))

    bare()
    times = [(seconds(bare), seconds(cached)) for _ in range(ROUNDS)]
    first, second = (statistics.median(column) for column in zip(*times, strict=True))
    each = 1e3 / len(images)
    print(f"bare forward {each * first:.1f} ms a crop, cached taps {each * second:.1f} ms ({second / first:.2f} x)")


def taps() -> dict[str, np.ndarray]:
    """Random taps of 552 images: training costs the same on any numbers."""
    generator = np.random.default_rng(1)
    count = REFERENCES * EACH
    scores = generator.uniform(0, 100, count)
    arrays = {
        f"tap_{k}": generator.standard_normal((count, 1, c, g, g)).astype(np.float32)
        for k, (c, g) in enumerate(zip(CHANNELS, GRIDS, strict=True), 1)
    }
    return arrays | {
        "scores": scores, "classes": (scores // 10).astype(np.int64), "class_count": np.array(10),
        "units": np.repeat(np.arange(REFERENCES), EACH),
    }  # fmt: skip


def training() -> None:
    """The six arms as stacks of seeds, and one of them seed by seed."""
    data, total = taps(), 0.0
    for name, changes in ARMS.items():
        settings = Train.model_validate(
            {"optimisation": {"epochs": EPOCHS, "period": 11, "learning_rates": [1e-3]}, **changes}
        )
        with tempfile.TemporaryDirectory() as folder:
            run = run_in(Path(folder), data)
            spent = seconds(lambda run=run, settings=settings: train_networks(run, settings))  # type: ignore[misc]
        total += spent
        print(f"{name}: {SPLITS} splits in {spent:.1f} s")
    print(f"six arms {total:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        run = run_in(Path(folder), data)
        print(f"pmtiqa one by one {seconds(lambda: one_by_one(run)):.1f} s")


def run_in(folder: Path, data: dict[str, np.ndarray]) -> Run:
    """A run that keeps its files in a folder that will be gone."""
    paths.RESULTS = folder
    job = Job("benchmark", "pmtiqa", "random", "any", tuple(range(SPLITS)), {})
    run = Run(job, torch.device("cpu"), signature="benchmark", progress=Progress("benchmark", every_seconds=1e9))
    run.__dict__["data"] = data
    return run


def one_by_one(run: Run) -> None:
    """The progressive arm written plainly: one network at a time, PyTorch's Adam made anew each epoch."""
    arrays = [torch.as_tensor(run.data[f"tap_{k}"])[:, 0] for k in (1, 2, 3, 4)]
    labels, classes = torch.as_tensor(run.data["scores"]).float(), torch.as_tensor(run.data["classes"])
    for seed in run.seeds:
        training_places, test = split_of(run, seed)
        model = network("multi-scale", CHANNELS, (16, 32, 64), 10)
        for epoch in range(EPOCHS):
            first, second = task_weights("progressive", epoch, EPOCHS)
            adam = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=5e-4)
            order = torch.randperm(len(training_places), generator=run.generator(seed, "order", epoch)).numpy()
            for places in np.array_split(training_places[order], -(-len(order) // 48)):
                quality, logits = model([array[places] for array in arrays])
                loss = first * (quality - labels[places]).abs().mean()
                loss = loss + second * functional.cross_entropy(logits, classes[places])
                adam.zero_grad()
                loss.backward()
                adam.step()
            with torch.no_grad():
                model([array[test] for array in arrays])


def distortion(image: np.ndarray) -> None:
    """Mean over distortions and levels of one photograph."""
    spent = {"distortion": 0.0, "pseudo-score": 0.0}
    generator, count = np.random.default_rng(2), 0
    for kind, parameters in LEVELS.items():
        for parameter in parameters:
            started = time.process_time()
            distorted = DISTORTIONS[kind](image, parameter, generator)
            spent["distortion"] += time.process_time() - started
            spent["pseudo-score"] += seconds(lambda distorted=distorted: full_reference(image, distorted))  # type: ignore[misc]
            count += 1
    parts = ", ".join(f"{name} {1e3 * value / count:.1f} ms" for name, value in spent.items())
    print(f"{parts}: {1e3 * sum(spent.values()) / count:.1f} ms an image")


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    photographs = png(paths.EMBEDDED / "photographs").images
    distortion(photographs[0])
    distortion(photographs[0])
    extraction([photographs[number % len(photographs)] for number in range(96)])
    training()


if __name__ == "__main__":
    main()
