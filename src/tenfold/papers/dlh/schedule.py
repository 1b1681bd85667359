"""Schedules over the updates of a training run."""

from __future__ import annotations

from tenfold.papers.dlh.models.base import Point
from tenfold.papers.dlh.settings import Training


def point(settings: Training, update: int) -> Point:
    """Everything that is annealed, at an update (from 1)."""
    done = (update - 1) / settings.updates
    ratio = settings.deviation / settings.first_deviation
    rise = _progress(done, settings.divergence_until)
    return Point(
        update=update,
        updates=settings.updates,
        deviation=settings.first_deviation * ratio ** _progress(done, settings.deviation_until),
        divergence=settings.first_divergence + (1 - settings.first_divergence) * rise,
        margin=settings.margin * (1 - _progress(done, settings.margin_until, settings.margin_from)),
    )


def learning_rate(settings: Training, update: int) -> float:
    """Constant, then linear down to `last_rate` of it."""
    done = (update - 1) / settings.updates
    fallen = max(0.0, done - settings.decay_from) / max(1 - settings.decay_from, 1e-9)
    return settings.learning_rate * (1 - (1 - settings.last_rate) * fallen)


def _progress(done: float, until: float, start: float = 0.0) -> float:
    """0 up to `start`, 1 from `until` on, linear between them; all are shares of the training."""
    if done >= until:
        return 1.0
    return 0.0 if done <= start else (done - start) / (until - start)
