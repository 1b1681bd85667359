"""Training one model for one seed."""

from __future__ import annotations

import torch
from torch import Tensor

from tenfold.papers.dlh import schedule
from tenfold.papers.dlh.models.base import Frame, VideoModel
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.scenes import training_videos
from tenfold.papers.dlh.settings import Train
from tenfold.training.checkpoint import State
from tenfold.training.run import Run


def fit(run: Run, settings: Train, seed: int) -> VideoModel:
    """The trained model; one that has no parameters is returned as it is.

    All methods of a seed see the same videos. Every `log_every` updates the parts of the loss are logged.
    """
    training = settings.training
    with run.seeded(seed, "model"):
        model = build(settings, Frame(*run.data["test"].shape[2:])).to(run.device)
    parameters = list(model.parameters())
    if not parameters:
        return model
    draw = training_videos(run.data)
    # One kernel for all parameters: with so small a model the default costs as much as a layer.
    optimiser = torch.optim.Adam(parameters, lr=training.learning_rate, fused=True)
    videos, noise = run.numpy_generator(seed, "videos"), run.generator(seed, "noise")
    state: State = {"model": model, "optimiser": optimiser, "videos": videos, "noise": noise}
    loop = run.loop(f"seed-{seed}", training.updates, state, seed=seed)
    for update in loop:
        for group in optimiser.param_groups:
            group["lr"] = schedule.learning_rate(training, update)
        video = as_input(draw(videos, training.batch, training.length), run.device)
        parts = model.loss(video, schedule.point(training, update), noise)
        optimiser.zero_grad()
        parts["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, training.clip)
        optimiser.step()
        if update % training.log_every == 0 or update == training.updates:
            loop.log(seed=seed, **{name: float(value.detach()) for name, value in parts.items()})
    return model.eval()


def as_input(videos, device: torch.device) -> Tensor:  # type: ignore[no-untyped-def]
    """Bytes (B, T, H, W, C) -> float32 in [0, 1] on the device."""
    return torch.from_numpy(videos).to(device).float().div_(255)
