"""The balancing method that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenfold.papers.adatask.balancing import merging, weighting
from tenfold.papers.adatask.balancing.base import Balancer

if TYPE_CHECKING:
    import torch

    from tenfold.papers.adatask.settings import Balance


def balancer(
    settings: Balance, tasks: int, generator: torch.Generator, *, only: int | None = None, layer: slice | None = None
) -> Balancer:
    """A fresh balancer. `only`: the task that is trained alone; `layer`: the last shared layer, for GradNorm."""
    if only is not None:
        return weighting.SingleTask(tasks, generator, only)
    match settings.method:
        case "equal":
            return Balancer(tasks, generator)
        case "uw":
            return weighting.UncertaintyWeighting(tasks, generator, settings.weight_lr)
        case "dwa":
            return weighting.DynamicWeightAverage(tasks, generator, settings.dwa_temperature)
        case "rlw":
            return weighting.RandomLossWeighting(tasks, generator)
        case "gradnorm":
            return weighting.GradNorm(tasks, generator, settings.weight_lr, settings.gradnorm_alpha, layer)
        case "pcgrad":
            return merging.PCGrad(tasks, generator)
        case "gradvac":
            return merging.GradVac(tasks, generator, settings.gradvac_decay)
        case "graddrop":
            return merging.GradDrop(tasks, generator)
        case "mgda":
            return merging.MGDA(tasks, generator)
        case "cagrad":
            return merging.CAGrad(tasks, generator, settings.cagrad_c)
        case "imtl-g":
            return merging.IMTLG(tasks, generator)
        case "single":
            raise ValueError("a single task: say which one")
