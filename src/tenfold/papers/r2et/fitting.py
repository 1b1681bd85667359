"""Training of all seeds and candidates of a method as one stack."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from tenfold.papers.r2et.attack import ranking_direction
from tenfold.papers.r2et.networks.convolutional import ResNet9, trained
from tenfold.papers.r2et.networks.stack import Network, Parameters, Stack, stacked
from tenfold.papers.r2et.objective import (
    Gaps,
    Losses,
    classification_loss,
    hessian_losses,
    r2et_losses,
)
from tenfold.papers.r2et.ranking import all_pairs_coefficients
from tenfold.papers.r2et.saliency import importance, norm, saliency, scaled
from tenfold.papers.r2et.settings import Candidate, Train
from tenfold.papers.r2et.study import Study, for_models
from tenfold.training.run import Run


class Grid:
    """The candidates' weights, one number for each model (M,) of the stack: seeds times candidates."""

    def __init__(self, candidates: Sequence[Candidate], seeds: int, device: torch.device) -> None:
        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device).repeat(seeds)

        self.candidates = len(candidates)
        self.gap = column([one.gap for one in candidates])
        self.curvature = column([one.curvature for one in candidates])
        self.weight_decay = column([one.weight_decay for one in candidates])
        self.length = column([one.length for one in candidates])
        self.beta = None if candidates[0].beta is None else column([one.beta or 0.0 for one in candidates])


def fit(run: Run, study: Study, settings: Train, start: Parameters | None) -> Stack:
    """The trained stack of S * G models. `start`: parameters (S, ...) of the vanilla networks; None: random ones."""
    network = study.network(settings.network)
    grid = Grid(settings.candidates, len(run.seeds), run.device)
    if start is None:
        start = stacked([network.initial(run.generator(seed, "initial values")) for seed in run.seeds])
    parameters = {name: for_models(value.to(run.device), grid.candidates).clone() for name, value in start.items()}
    moved = {name: value.requires_grad_() for name, value in parameters.items() if trained(name)}
    stack = Stack(network, parameters, grid.beta)
    epochs = settings.training.epochs if settings.pretrained else settings.training.pretrain_epochs
    optimiser = _optimiser(list(moved.values()), settings)
    loop = run.loop("epochs", epochs, {"optimiser": optimiser, **parameters})
    for epoch in loop:
        sums: dict[str, Tensor] = {}
        batches = _batches(run, study, settings.training.batch, epoch)
        for places in batches:
            x, labels = study.batch(places)
            found = step(stack, for_models(x, grid.candidates), for_models(labels, grid.candidates), settings, grid)
            optimiser.zero_grad()
            found.total.sum().backward()  # no model's loss depends on another's weights
            _decay(moved, grid.weight_decay)
            optimiser.step()
            for name, value in (("loss", found.classification), ("gap", found.gap), ("curvature", found.curvature)):
                sums[name] = sums.get(name, torch.zeros_like(value)) + value
        loop.log(**{name: float(value.mean() / len(batches)) for name, value in sums.items()})
    return Stack(network, {name: value.detach() for name, value in parameters.items()}, grid.beta)


def step(stack: Stack, x: Tensor, labels: Tensor, settings: Train, grid: Grid) -> Losses:
    """The losses of one batch, for every model. x (M, B, *shape), labels (M, B)."""
    if not settings.pretrained and isinstance(stack.network, ResNet9):
        return _with_batch_statistics(stack, stack.network, x, labels)
    if bool((grid.length > 0).any()):
        x = adversarial(stack, x, grid.length, settings)
    if settings.penalty.kind != "r2et":
        eigenvalue = settings.penalty.kind == "eigenvalue"
        return hessian_losses(stack, x, labels, grid.curvature, eigenvalue=eigenvalue)
    penalty = settings.penalty
    gaps = Gaps(settings.training_k or settings.k, penalty.pairs, penalty.worst, penalty.exponential)
    return r2et_losses(
        stack, x, labels, gaps, grid.gap, grid.curvature, penalty.delta, adaptive=penalty.adaptive
    )  # fmt: skip


def _with_batch_statistics(stack: Stack, network: ResNet9, x: Tensor, labels: Tensor) -> Losses:
    logits, updated = network.training_logits(stack.parameters, x, stack.beta)
    with torch.no_grad():
        for name, value in updated.items():
            stack.parameters[name].copy_(value)
    loss = classification_loss(logits, labels)
    return Losses(loss, loss.detach(), torch.zeros_like(loss), torch.zeros_like(loss))


def adversarial(stack: Stack, x: Tensor, lengths: Tensor, settings: Train) -> Tensor:
    """Inputs after `penalty.attack_steps` ERAttack steps of total l2 length `lengths` (M,), one for each model.

    The prediction may change: the network is trained to be right there. The gradient comes from the same softplus
    surrogate as when explanations are measured, with the order of features at x.
    """
    dimensions, steps = x.ndim - 2, settings.penalty.attack_steps
    weights = Stack(stack.network, {name: value.detach() for name, value in stack.parameters.items()}, stack.beta)
    classes = weights.predict(x)
    with torch.no_grad():
        clean = importance(saliency(weights.probability_of(classes), x), dimensions)
        coefficients = all_pairs_coefficients(clean, settings.training_k or settings.k)
        soft = weights.softened(settings.attack.surrogate_beta).probability_of(classes)
        direction = ranking_direction(soft, coefficients, dimensions)
        for _ in range(steps):
            where = direction(x)
            size = norm(where, dimensions)
            x = x + scaled(where, torch.where(size > 0, lengths.unsqueeze(1) / (steps * size), 0.0))
    return x


def _optimiser(parameters: list[Tensor], settings: Train) -> torch.optim.Optimizer:
    training = settings.training
    if not settings.pretrained and training.optimiser == "sgd":
        return torch.optim.SGD(parameters, lr=training.pretrain_rate)
    rate = training.rate if settings.pretrained else training.pretrain_rate
    return torch.optim.Adam(parameters, lr=rate, fused=parameters[0].device.type in ("cpu", "cuda"))


def _decay(parameters: dict[str, Tensor], weight_decay: Tensor) -> None:
    """Add each model's own weight decay to the gradients, as Adam's `weight_decay` does for one model."""
    if not bool((weight_decay > 0).any()):
        return
    for value in parameters.values():
        if value.grad is not None:
            value.grad += weight_decay.reshape(-1, *[1] * (value.ndim - 1)) * value.detach()


def _batches(run: Run, study: Study, size: int, epoch: int) -> Sequence[Tensor]:
    """Places (S, B) of each batch: every seed's training rows in its own random order, the same for all methods."""
    train = study.splits["train"]
    orders = [torch.randperm(train.shape[1], generator=run.generator(seed, "batches", epoch)) for seed in run.seeds]
    return train.gather(1, torch.stack(orders).to(train.device)).split(size, dim=1)


def operations(network: Network, x: Tensor, labels: Tensor, settings: Train) -> float:
    """Floating point operations of matrix products and convolutions of one training sample, mean over the candidates.

    Counted, not timed: the same on every machine. x (1, B, *shape), labels (1, B).
    """
    from torch.utils.flop_counter import FlopCounterMode

    counts = []
    for candidate in settings.candidates:
        parameters = stacked([network.initial(torch.Generator().manual_seed(0))])
        parameters = {name: value.to(x.device).requires_grad_(trained(name)) for name, value in parameters.items()}
        grid = Grid([candidate], 1, x.device)
        with FlopCounterMode(display=False) as counter:
            step(Stack(network, parameters, grid.beta), x, labels, settings, grid).total.sum().backward()
        counts.append(counter.get_total_flops() / x.shape[1])
    return sum(counts) / len(counts)
