"""One training and test: a split of the links, a model, and the strategies that its settings ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tenfold.metrics.alignment import Ranks
from tenfold.papers.meaformer.aligner import Batch
from tenfold.papers.meaformer.bootstrapping import Bootstrapping, neighbours, unlinked
from tenfold.papers.meaformer.inference import embeddings, modality_weights, rank_features, rank_links
from tenfold.papers.meaformer.methods import new_aligner, steps_of_links
from tenfold.papers.meaformer.model import MEAformer
from tenfold.papers.meaformer.pair import AlignmentPair
from tenfold.papers.meaformer.records import Records
from tenfold.papers.meaformer.replay import HardReplay
from tenfold.papers.meaformer.settings import Train
from tenfold.papers.meaformer.splits import precision, split_links
from tenfold.papers.meaformer.stepping import Stepper
from tenfold.training.checkpoint import State
from tenfold.training.run import Run


class Fitting:
    """Everything that changes while a model is trained on `share` of the links."""

    def __init__(self, run: Run, settings: Train, pair: AlignmentPair, seed: int, share: float) -> None:
        self.settings, self.pair = settings, pair
        self.links = split_links(pair, settings, share, seed)
        with run.seeded(seed, "initial values"):
            self.model = new_aligner(settings, pair)
        self.order = run.generator(seed, "order of links")
        self.sampling = run.generator(seed, "negatives")
        self.bootstrapping = Bootstrapping(self.links.train)
        self.replay = HardReplay(pair.entities, run.device) if settings.replay else None
        self.records = Records()
        self.stepper = Stepper(self.model, settings.optimization, settings.optimization.epochs * self._steps())
        self._whole: tuple[torch.Tensor, Batch] | None = None

    @property
    def epochs(self) -> int:
        """Of both stages."""
        second = self.settings.iteration.epochs if self.settings.iteration else 0
        return self.settings.optimization.epochs + second

    @property
    def state(self) -> State:
        """What a checkpoint holds."""
        parts: dict[str, Any] = {
            "model": self.model,
            "stepper": self.stepper,
            "order": self.order,
            "sampling": self.sampling,
            "bootstrapping": self.bootstrapping,
            "records": self.records,
        }
        return parts if self.replay is None else {**parts, "replay": self.replay}

    def _steps(self) -> int:
        return len(steps_of_links(self.settings, self.pair, len(self.bootstrapping.links)))

    def epoch(self, number: int) -> dict[str, float]:
        """Epoch `number` (from 1); returns what there is to log."""
        if self.settings.iteration and number == self.settings.optimization.epochs + 1:
            self._second_stage()
        logged = {"loss": self._train()}
        if self.settings.iteration and number > self.settings.optimization.epochs:
            self._look(number - self.settings.optimization.epochs)
            logged["links"] = len(self.bootstrapping.links)
        if number % self.settings.evaluate_every == 0 or number == self.epochs:
            logged |= self._evaluate(number)
        return logged

    def _train(self) -> float:
        """One pass over the training links; the mean loss of its steps."""
        links = self.bootstrapping.links
        shuffled = links[torch.randperm(len(links), generator=self.order).to(links.device)]
        steps = steps_of_links(self.settings, self.pair, len(links))
        self.model.train()
        total = 0.0
        for chosen in steps:
            batch = self._batch(shuffled[chosen] if len(links) > chosen.stop - chosen.start else links)
            loss = self.model.loss(batch, self.sampling)
            self.stepper.step(loss)
            if self.replay is not None:
                self._remember(self.replay, batch)
            total += float(loss.detach())
        return total / len(steps)

    def _batch(self, links: torch.Tensor) -> Batch:
        """The batch of these links; one of all links is made once, for its order changes nothing."""
        left, right = links.T
        if self.replay is not None:
            return self.model.batch(left, right, *self.replay.beside(left, right))
        if links is not self.bootstrapping.links:
            return self.model.batch(left, right)
        if self._whole is None or self._whole[0] is not links:
            self._whole = (links, self.model.batch(left, right))
        return self._whole[1]

    def _remember(self, replay: HardReplay, batch: Batch) -> None:
        parts = (batch.left, batch.right, batch.beside_left, batch.beside_right)
        replay.remember(parts, batch.split(embeddings(self.model, batch.rows)))

    # ------------------------------------------------------------------------------------- second stage

    def _second_stage(self) -> None:
        """Go back to the best weights of the first stage, with a smaller learning rate and a longer schedule."""
        iteration = self.settings.iteration
        assert iteration is not None
        if self.records.weights is not None:
            self.model.load_state_dict(self.records.weights)
        total = int(iteration.schedule_factor * iteration.epochs) * self._steps()
        self.stepper.start(total, iteration.learning_rate_divisor)

    def _look(self, number: int) -> None:
        """At every `step`-th epoch of the second stage: mutual nearest neighbours outside all links that are in use."""
        iteration = self.settings.iteration
        assert iteration is not None
        if number % iteration.step:
            return
        used = torch.cat([self.bootstrapping.links, self.links.validation])
        left, right = (unlinked(self.pair.of_side(side), used[:, side]) for side in (0, 1))
        z = embeddings(self.model, torch.cat([left, right]))
        self.bootstrapping.look(neighbours(left, right, *z.split([len(left), len(right)])))

    # --------------------------------------------------------------------------------------- evaluation

    def _evaluate(self, number: int) -> dict[str, float]:
        test = rank_links(self.model, self.links.test, self.settings.csls_neighbours)
        validation = None
        if len(self.links.validation):
            validation = rank_links(self.model, self.links.validation, self.settings.csls_neighbours)
        first_stage = self.settings.iteration is not None and number <= self.settings.optimization.epochs
        self.records.take(number, test, validation, self.model if first_stage else None)
        return {"test_hits1": float((test.left_to_right == 0).double().mean())}

    def results(self) -> dict[str, np.ndarray]:
        """Arrays to keep: ranks at each moment, sizes, and for some methods weights or the pseudo-links' precision."""
        found: dict[str, np.ndarray] = {}
        for moment, ranks in self.records.ranks.items():
            found |= _arrays(moment, ranks)
            found[f"{moment}/epoch"] = np.array(self.records.epochs[moment])
        found["parameters"] = np.array(self.model.parameter_count())
        found["links"] = np.array([len(part) for part in (self.links.train, self.links.validation, self.links.test)])
        if self.settings.iteration is not None:
            grown = self.bootstrapping.links[len(self.links.train) :]
            share = precision(grown, self.pair.links) if len(grown) else np.nan
            found["grown"] = np.array([len(grown), share])
        if self.settings.pivot is not None:
            learned = torch.cat([self.links.train, self.links.validation])
            found["seed_precision"] = np.array(precision(learned, self.pair.links))
            features = self.pair.features[self.settings.pivot.modality]
            found |= _arrays("pivot", rank_features(features, self.links.test, self.settings.csls_neighbours))
        if self.settings.keep_weights and isinstance(self.model, MEAformer):
            kept = modality_weights(self.model, self.pair, self.links.test)
            found |= {f"weights/{name}": array for name, array in kept.items()}
        return found


def _arrays(name: str, ranks: Ranks) -> dict[str, np.ndarray]:
    return {
        f"{name}/left": ranks.left_to_right.cpu().numpy().astype(np.int32),
        f"{name}/right": ranks.right_to_left.cpu().numpy().astype(np.int32),
    }
