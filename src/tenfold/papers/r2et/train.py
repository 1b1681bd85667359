"""Train stage: fit all seeds and candidates as one stack, choose by validation data, measure on test data."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from tenfold.papers.r2et.explanations import integrated_gradients, smooth_gradient
from tenfold.papers.r2et.faithfulness import faithfulness
from tenfold.papers.r2et.fitting import fit, operations
from tenfold.papers.r2et.measuring import Explained, attack, ball_ends, probabilities, thickness
from tenfold.papers.r2et.networks.stack import Stack
from tenfold.papers.r2et.ranking import distinct_share, precision_at_k
from tenfold.papers.r2et.saliency import importance, norm
from tenfold.papers.r2et.selection import chosen, quality
from tenfold.papers.r2et.settings import Train
from tenfold.papers.r2et.study import Study, for_models
from tenfold.training.run import Run

ATTACKS = ("ranking", "distance", "ranking-raw", "random")


def train(run: Run) -> None:
    """Run one job. Arrays have a leading axis of seeds S; those of measured models then C, of samples B, steps R.

    `grid/quality`, `grid/precision` (S, G) and `grid/chosen`, `grid/budget` (S,) say how the candidate was chosen.
    C is 1, the chosen candidate, or G with `measuring.every_candidate`.
    """
    settings = Train.model_validate(run.settings)
    study = Study.from_arrays(run.data, run.seeds, run.device)
    start = None
    if settings.pretrained:
        saved = run.after.model()
        start = {
            name: torch.stack([saved[str(seed)][name] for seed in run.seeds]) for name in saved[str(run.seeds[0])]
        }  # fmt: skip
    stack = fit(run, study, settings, start)
    predictions, places = _choose(run, study, settings, stack)
    kept = stack.select(torch.from_numpy(places.ravel()).to(run.device))
    predictions |= _measure(run, study, settings, kept, places.shape[1])
    x, labels = study.split("train", settings.training.batch)
    predictions["operations"] = np.array(operations(stack.network, x[:1], labels[:1], settings))
    predictions |= {"k": np.array(settings.k), "features": np.array(study.features)}
    run.save_predictions(predictions)
    run.save_model(
        {
            str(seed): {name: value[row * places.shape[1]].cpu() for name, value in kept.parameters.items()}
            for row, seed in enumerate(run.seeds)
        }
    )


def _choose(run: Run, study: Study, settings: Train, stack: Stack) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """How the candidates do on validation data, and the models (S, C) that are measured on test data."""
    seeds, count = len(run.seeds), len(settings.candidates)
    x, labels = study.split("validation")
    scores = probabilities(stack, x, count).reshape(seeds, count, *x.shape[1:2], -1)
    found = np.array(
        [[quality(one, truth) for one in row] for row, truth in zip(scores, labels.cpu().numpy(), strict=True)]
    )
    at = Explained.at(stack, for_models(x[:, : settings.measuring.validation], count), settings.k)
    reached = attack("ranking", at, settings.attack, partial(_noise, run, at.x, "validation"))
    precision = reached.precision[-1].mean(-1).reshape(seeds, count).cpu().numpy().astype(np.float64)
    reference = found[:, 0]
    if settings.pretrained:
        places = [run.after.seeds.index(seed) for seed in run.seeds]
        reference = run.after.predictions["grid/quality"][places, 0]
    budget = reference - settings.measuring.auc_tolerance
    best = chosen(found, precision, budget)
    arrays = {"grid/quality": found, "grid/precision": precision, "grid/budget": budget, "grid/chosen": best}
    rows = np.arange(seeds)[:, None] * count
    return arrays, rows + (np.arange(count)[None] if settings.measuring.every_candidate else best[:, None])


def _measure(run: Run, study: Study, settings: Train, stack: Stack, count: int) -> dict[str, np.ndarray]:
    """Everything that is measured on test data; the stack has `count` models for each seed."""
    seeds, measuring = len(run.seeds), settings.measuring

    def by_seed(values: Tensor) -> np.ndarray:
        """(..., M, B) -> (..., S, C, B)."""
        return values.reshape(*values.shape[:-2], seeds, count, -1).cpu().numpy()

    x, labels = study.split("test")
    scores = probabilities(stack, x, count)
    arrays = {
        "scores": scores.reshape(seeds, count, *scores.shape[1:]).astype(np.float32),
        "labels": labels.cpu().numpy(),
    }
    at = Explained.at(stack, for_models(x[:, : measuring.explained], count), settings.k)
    arrays["saliency-norm"] = by_seed(norm(at.gradients, at.dimensions))
    arrays["distinct"] = np.array([distinct_share(one, at.k) for one in at.sizes]).reshape(seeds, count)
    ends = {}
    for kind in ATTACKS:
        if kind == "ranking-raw" and stack.beta is not None:
            continue  # a softplus network is its own surrogate
        reached = attack(kind, at, settings.attack, partial(_noise, run, at.x, "test"))
        ends[kind] = reached.points[-1]
        arrays[f"precision/{kind}"] = by_seed(reached.precision)
        arrays[f"distance/{kind}"] = by_seed(reached.distance)
        arrays[f"unchanged/{kind}"] = by_seed(reached.unchanged)
    generators = [run.generator(seed, "thickness") for seed in run.seeds for _ in range(count)]
    arrays["thickness"] = by_seed(
        thickness(at, ball_ends(at.x, settings.thickness, generators), settings.thickness.grid)
    )
    arrays["thickness-attack"] = by_seed(thickness(at, ends["ranking"].unsqueeze(2), settings.thickness.grid))
    neutral = for_models(study.neutral, count)
    for name, map_at in _other_explanations(run, settings, at, neutral).items():
        clean = map_at(at.x)
        for kind in ("ranking", "distance"):
            arrays[f"precision/{kind}/{name}"] = by_seed(precision_at_k(clean, map_at(ends[kind]), at.k))
    found = faithfulness(stack, at.x, at.classes, at.sizes, neutral, at.k, measuring.removal_steps)
    arrays |= {name: by_seed(value) for name, value in found._asdict().items()}
    if shown := measuring.examples:
        first = slice(0, shown)
        arrays["example/inputs"] = at.x[0, first].cpu().numpy()
        arrays["example/clean"] = at.sizes[0, first].cpu().numpy()
        for kind in ("ranking", "distance", "random"):
            arrays[f"example/{kind}"] = at.sizes_at(ends[kind])[0, first].cpu().numpy()
    return arrays


def _other_explanations(run: Run, settings: Train, at: Explained, neutral: Tensor) -> dict:
    """Name -> function from inputs to importances (M, B, n)."""
    chosen_settings, models = settings.explanations, len(at.x)
    each = models // len(run.seeds)
    draws = [
        torch.randn((chosen_settings.draws, *at.x.shape[2:]), generator=run.generator(seed, "smoothgrad"))
        for seed in run.seeds
    ]
    noise = chosen_settings.noise * for_models(torch.stack(draws).to(at.x), each)

    @torch.no_grad()
    def smoothed(x: Tensor) -> Tensor:
        return importance(smooth_gradient(at.score, x, noise), at.dimensions)

    @torch.no_grad()
    def integrated(x: Tensor) -> Tensor:
        return importance(integrated_gradients(at.score, x, neutral, chosen_settings.path), at.dimensions)

    return {"smoothgrad": smoothed, "integrated": integrated}


def _noise(run: Run, like: Tensor, split: str, purpose: str) -> Tensor:
    """Gaussian numbers shaped as `like` (M, B, *shape), the same for all models of a seed."""
    each = len(like) // len(run.seeds)
    drawn = [torch.randn(like.shape[1:], generator=run.generator(seed, split, purpose)) for seed in run.seeds]
    return for_models(torch.stack(drawn).to(like), each)
