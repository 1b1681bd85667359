"""Training: the theory's grid as one batched computation, or networks on images."""

from __future__ import annotations

from tenfold.papers.pruning_init.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Train every cell of the job's grid; see `theory.training` and `images.training`."""
    settings = Train.model_validate(run.settings)
    if settings.theory is not None:
        from tenfold.papers.pruning_init.theory.training import train_theory

        train_theory(run, settings.theory, settings)
    else:
        from tenfold.papers.pruning_init.images.training import train_images

        assert settings.images is not None
        train_images(run, settings.images, settings)
