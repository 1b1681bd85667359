"""Train stage: dispatches on the kind of problem."""

from __future__ import annotations

from tenfold.papers.adatask.settings import Train
from tenfold.training.run import Run


def train(run: Run) -> None:
    """Train what the settings name; see the modules under `training`."""
    settings = Train.model_validate(run.settings)
    if settings.toy is not None:
        from tenfold.papers.adatask.training.toys import train_toy

        train_toy(run, settings, settings.toy)
    elif settings.dense is not None:
        from tenfold.papers.adatask.training.dense import train_dense

        train_dense(run, settings, settings.dense)
    else:
        from tenfold.papers.adatask.training.clicks import train_clicks

        assert settings.clicks is not None
        train_clicks(run, settings, settings.clicks)
