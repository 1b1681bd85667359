"""From settings to models."""

from __future__ import annotations

from tenfold.papers.meaformer.aligner import Aligner
from tenfold.papers.meaformer.baselines.eva import EVA
from tenfold.papers.meaformer.baselines.gcn_align import GCNAlign
from tenfold.papers.meaformer.baselines.mclea import MCLEA
from tenfold.papers.meaformer.baselines.msnea import MSNEA
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.pair import AlignmentPair
from tenfold.papers.meaformer.settings import Train


def new_aligner(settings: Train, pair: AlignmentPair) -> Aligner:
    """The model of a method on the pair's device, with initial values from PyTorch's default generator."""
    modalities = pair.available(list(settings.modalities))
    device = pair.sides.device
    match settings.family:
        case "meaformer":
            model: Aligner = MEAformer(settings, pair.features, pair.edges(), modalities)
        case "eva":
            model = EVA(settings, pair.features, pair.edges(), modalities)
        case "mclea":
            model = MCLEA(settings, pair.features, pair.edges(), modalities)
        case "msnea":
            model = MSNEA(settings, pair.features, pair.triples, pair.sides, modalities)
        case "gcn-align":
            model = GCNAlign(settings, pair.edges(), pair.sides)
    return model.to(device)


def steps_of_links(settings: Train, pair: AlignmentPair, links: int) -> list[slice]:
    """How the shuffled links of an epoch are cut into steps.

    MSNEA goes through the triples in an epoch, with all links at every step.
    """
    if settings.family == "msnea":
        return [slice(0, links)] * max(1, -(-len(pair.triples) // settings.margin.triple_batch))
    size = settings.optimization.batch
    return [slice(start, min(start + size, links)) for start in range(0, links, size)]
