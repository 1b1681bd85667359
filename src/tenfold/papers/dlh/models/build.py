"""The model that the settings name."""

from __future__ import annotations

from tenfold.papers.dlh.models.base import Frame, VideoModel
from tenfold.papers.dlh.settings import Train


def build(settings: Train, frame: Frame) -> VideoModel:
    """A fresh model; its initial values come from PyTorch's default generator."""
    if settings.model in ("dlh", "rssm"):
        from tenfold.papers.dlh.models.dlh import DynamicLatentHierarchy

        return DynamicLatentHierarchy(settings if settings.model == "dlh" else single_level(settings), frame)
    if settings.model == "cwvae":
        from tenfold.papers.dlh.models.cwvae import ClockworkVAE

        return ClockworkVAE(settings, frame)
    if settings.model == "vta":
        from tenfold.papers.dlh.models.vta import VariationalTemporalAbstraction

        return VariationalTemporalAbstraction(settings, frame)
    if settings.model == "lmc-memory":
        from tenfold.papers.dlh.models.lmc_memory import MotionContextMemory

        return MotionContextMemory(settings, frame)
    if settings.model == "vpr":
        from tenfold.papers.dlh.models.vpr import VariationalPredictiveRouting

        return VariationalPredictiveRouting(settings, frame)
    if settings.model == "copy-last":
        from tenfold.papers.dlh.models.floors import CopyLast

        return CopyLast()
    if settings.model == "mean-frame":
        from tenfold.papers.dlh.models.floors import MeanFrame

        return MeanFrame()
    from tenfold.papers.dlh.models.floors import Black

    return Black()


def single_level(settings: Train) -> Train:
    """The settings of a recurrent state-space model: DLH with one level, which changes at every frame."""
    sizes = settings.levels.model_copy(update={"count": 1, "deterministic": [settings.single.deterministic]})
    return settings.model_copy(update={"levels": sizes})
