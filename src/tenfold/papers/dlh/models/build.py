"""The model that the settings name."""

from __future__ import annotations

from tenfold.papers.dlh.models.base import Frame, VideoModel
from tenfold.papers.dlh.settings import Train


def build(settings: Train, frame: Frame) -> VideoModel:
    """A fresh model; its initial values come from PyTorch's default generator."""
    if settings.model == "dlh":
        from tenfold.papers.dlh.models.dlh import DynamicLatentHierarchy

        return DynamicLatentHierarchy(settings, frame)
    if settings.model == "cwvae":
        from tenfold.papers.dlh.models.cwvae import ClockworkVAE

        return ClockworkVAE(settings, frame)
    if settings.model == "copy-last":
        from tenfold.papers.dlh.models.floors import CopyLast

        return CopyLast()
    if settings.model == "mean-frame":
        from tenfold.papers.dlh.models.floors import MeanFrame

        return MeanFrame()
    if settings.model == "black":
        from tenfold.papers.dlh.models.floors import Black

        return Black()
    raise NotImplementedError(settings.model)
