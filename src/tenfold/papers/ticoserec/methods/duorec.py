"""DuoRec: contrast of a second pass under dropout with a sequence of the same target (Qiu et al., WSDM 2022)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from tenfold.papers.ticoserec.losses import cosines, nt_xent
from tenfold.papers.ticoserec.methods.sasrec import continue_from_warmup
from tenfold.papers.ticoserec.objectives import NextItem
from tenfold.papers.ticoserec.same_target import SameTarget
from tenfold.papers.ticoserec.sequences import Sequences
from tenfold.papers.ticoserec.settings import Contrast, Train
from tenfold.training.run import Run
from tenfold.training.seeding import numpy_generator


def run_duorec(run: Run, settings: Train) -> None:
    """From the warm-up on with `L_rec + lambda L_Reg`."""
    sequences = Sequences.from_arrays(run.data)
    continue_from_warmup(
        run, settings, sequences, lambda base: NextItemWithSameTarget(base, SameTarget(sequences), settings.contrast)
    )


class NextItemWithSameTarget:
    """`L = L_rec + lambda L_Reg`: last outputs of two passes of a user are to be found among those of the batch.

    One is a second pass over the user's own inputs, which differs by dropout alone, the other a pass over somebody's
    sequence with the same target. Users of the same target are no negatives for each other.
    """

    def __init__(self, next_item: NextItem, same_target: SameTarget, contrast: Contrast) -> None:
        self.next_item = next_item
        self.same_target = same_target
        self.contrast = contrast
        self._drawn = next_item.inputs

    def begin_epoch(self, epoch: int) -> None:
        """Draw negatives, and for every user a sequence of the same target."""
        self.next_item.begin_epoch(epoch)
        drawn = self.same_target.draw(numpy_generator(self.next_item.seed, "same-target", epoch))
        self._drawn = drawn.last(self.next_item.max_length)

    def losses(self, users: np.ndarray) -> Mapping[str, torch.Tensor]:
        """`loss`, its parts `next-item` and `contrast`, and the `alignment` and `uniformity` of the two passes."""
        passes = [self.next_item.inputs.take(users), self._drawn.take(users)]
        next_item, hidden, batch = self.next_item.with_further_sequences(users, passes)
        outputs = hidden[batch.last_tokens()[len(users) :]]  # (2B, d)
        products = outputs @ outputs.T
        target = torch.from_numpy(self.same_target.last_target[users]).to(outputs.device).repeat(2)
        contrast = nt_xent(
            cosines(products) if self.contrast.normalize else products,
            self.contrast.temperature,
            target[:, None] == target,
        )
        own, other = functional.normalize(outputs.detach(), dim=1).chunk(2)
        return {
            "loss": next_item + self.contrast.weight * contrast,
            "next-item": next_item,
            "contrast": contrast,
            "alignment": alignment(own, other),
            "uniformity": uniformity(own),
        }


def alignment(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Mean squared distance of the pairs of unit vectors `(B, d)`."""
    return (first - second).square().sum(1).mean()


def uniformity(vectors: torch.Tensor) -> torch.Tensor:
    """`log mean exp(-2 |x - y|^2)` over pairs of different rows of unit vectors `(B, d)`; 0 for a single row."""
    if len(vectors) < 2:
        return vectors.new_zeros(())
    return torch.pdist(vectors).square().mul(-2).exp().mean().log()
