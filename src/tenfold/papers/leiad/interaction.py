"""The interactive loop (card 3.11): label model, pseudo-labels, end model, query, user, new labelling functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tenfold.papers.leiad import end_model, measuring, query
from tenfold.papers.leiad.labelling import generated, label_model, pseudo_labels
from tenfold.papers.leiad.labelling.initial import initial_functions
from tenfold.papers.leiad.labelling.votes import ABSTAIN, LabellingFunction, Votes
from tenfold.papers.leiad.pool import Pool
from tenfold.papers.leiad.settings import LoopSettings
from tenfold.papers.leiad.state import Query, Shown, State


@dataclass(frozen=True)
class Summary:
    """What one labelling function does on the pool."""

    name: str
    kind: str
    iteration: int
    anomalous: int  # points it calls anomalies
    normal: int
    coverage: float  # share of the pool on which it votes
    agreement: float  # share of its votes on labelled points that agree with the user; not a number without any


class Interaction:
    """One loop over one pool: proposes windows, takes answers, learns. Knows nothing of files, pages or oracles.

        while (window := interaction.next_query()) is not None:
            interaction.answer(window, marked_points)

    Everything is decided by the pool, the settings, the generator and the answers, so the same answers lead to the same
    queries, and a saved state goes on as if it had not been saved.
    """

    def __init__(
        self, pool: Pool, settings: LoopSettings, generator: np.random.Generator, test: Pool | None = None
    ) -> None:
        self.pool = pool
        self.settings = settings
        self.test = test
        self.generator = generator
        tables = [pool.inputs] if test is None else [pool.inputs, test.inputs]
        self._end_model = end_model.build(tables, settings.end_model, int(generator.integers(2**31)))
        votes = Votes(len(pool))
        for function in initial_functions(pool, settings):
            votes.append(function)
        self.state = State(gold=np.full(len(pool), ABSTAIN, dtype=np.int8), votes=votes)

    # ------------------------------------------------------------------------------------------- asking

    def next_query(self) -> Query | None:
        """The window to show next; the same again until it is answered. None: the budget or the pool is used up.

        Learns first when a new query list is due, which is where the time goes.
        """
        state = self.state
        if not state.learned and not state.listed:
            self.learn()
        if self.spent:
            return None
        if not state.listed:
            state.listed, state.rank = [int(point) for point in self._proposed()], 0
        point = state.listed[0]
        window = self.pool.window(point, self.settings.query.reach)
        return Query(self.pool.series_of(point), point, window.start, window.stop, state.iteration, state.rank)

    def answer(self, shown: Query, anomalies: np.ndarray) -> None:
        """Take the user's answer: the marked points of the window (places in the pool, possibly none).

        Every point of the window is labelled by it. The iteration ends with the first window that holds an anomaly,
        with the list, or with the budget. Raises ValueError for a query that is not pending, and for points outside it.
        """
        state = self.state
        if not state.listed or shown.centre != state.listed[0]:
            raise ValueError(f"the window around point {shown.centre} is not the one that is asked for")
        marked = np.unique(np.asarray(anomalies, dtype=np.int64))
        if marked.size and (marked[0] < shown.start or marked[-1] >= shown.stop):
            raise ValueError(f"marked points lie outside the window {shown.start}:{shown.stop}")
        window = slice(shown.start, shown.stop)
        labels = np.zeros(shown.stop - shown.start, dtype=np.int8)
        labels[marked - shown.start] = 1
        known = state.gold[window]  # what an overlapping window said first stays
        state.gold[window] = np.where(known == ABSTAIN, labels, known)
        state.interactions += 1
        state.learned = False
        state.shown.append(Shown(shown, len(marked)))
        state.listed = [point for point in state.listed[1:] if state.gold[point] == ABSTAIN]
        state.rank += 1
        if len(marked) or not state.listed or self.spent:
            state.listed = []
            state.iteration += 1
            self._append_functions(shown)

    @property
    def spent(self) -> bool:
        """Whether no window may or can be shown any more."""
        budget = self.settings.budget
        return (budget is not None and self.state.interactions >= budget) or not (self.state.gold == ABSTAIN).any()

    def _proposed(self) -> np.ndarray:
        """The query list: unlabelled points, best first."""
        state, settings = self.state, self.settings.query
        assert state.scores is not None
        if settings.strategy == "random":
            free = np.flatnonzero(state.gold == ABSTAIN)
            return self.generator.choice(free, min(settings.listed, len(free)), replace=False)
        if settings.strategy == "leiad":
            diverse = query.diversity(self.pool.representations, state.gold)
            suspicion = self.pool.suspicion if self.settings.detectors else np.zeros(len(self.pool))
            values = query.leiad_scores(state.votes, state.scores, diverse, suspicion, settings.weights)
        elif settings.strategy == "uncertainty":
            values = query.binary_entropy(state.scores) if self._can_fit_gold() else self.pool.suspicion
        elif settings.strategy == "committee":
            values = query.committee_scores(state.votes)
        else:
            values = state.scores
        return query.highest(values, state.gold, settings.listed, self.generator)

    # ----------------------------------------------------------------------------------------- learning

    def learn(self) -> None:
        """Label model, pseudo-labels and end model from all answers so far; adds a row to the curve.

        `next_query` calls it when it is due; a page may call it earlier, in a thread of its own.
        """
        state = self.state
        labels = state.gold if self.settings.labels == "gold" else self._weak_labels()
        self._fit(labels)
        state.learned = True
        state.curve.append(measuring.curve_row(self.pool, self.test, state))

    def _weak_labels(self) -> np.ndarray:
        """Pseudo-labels under the user's labels (N,)."""
        state, settings = self.state, self.settings
        parameters = label_model.fit(state.votes, settings.label_model)
        weights = label_model.weights(parameters)
        state.label_scores = label_model.posterior(state.votes, weights, settings.label_model.anomaly_share)
        found = int((state.gold == 1).sum())
        if state.use_majority:
            margins = (state.votes.anomalous - state.votes.normal).astype(np.int64)
            labels = pseudo_labels.by_margin(margins, found, settings.pseudo_labels)
        else:
            labels, state.use_majority = pseudo_labels.by_posterior(state.label_scores, found, settings.pseudo_labels)
        return pseudo_labels.with_user_labels(labels, state.gold)

    def _fit(self, labels: np.ndarray) -> None:
        """Scores of the end model fitted to `labels` (N,); without labels of both kinds the detectors' mean score."""
        if (labels == 0).any() and (labels == 1).any():
            rows = np.flatnonzero(labels != ABSTAIN)
            self._end_model.fit(rows, labels[rows])
            scores = self._end_model.scores()
        else:
            scores = [pool.suspicion for pool in (self.pool, self.test) if pool is not None]
        self.state.scores = scores[0]
        self.state.test_scores = scores[1] if len(scores) > 1 else None

    def _can_fit_gold(self) -> bool:
        return bool((self.state.gold == 0).any() and (self.state.gold == 1).any())

    def _append_functions(self, shown: Query) -> None:
        """New labelling functions after an iteration whose last window was `shown`."""
        state, settings = self.state, self.settings.generation
        if self.settings.labels == "gold":
            return
        if settings.gold_model_every and state.iteration % settings.gold_model_every == 0 and self._can_fit_gold():
            rows = np.flatnonzero(state.gold != ABSTAIN)
            self._end_model.fit(rows, state.gold[rows])
            percentage = self.settings.pseudo_labels.anomaly_percentage
            self._append("gold-model", generated.gold_model_votes(self._end_model.scores(1)[0], percentage))
        window = slice(shown.start, shown.stop)
        marked = shown.start + np.flatnonzero(state.gold[window] == 1)
        if settings.window_votes:
            self._append("window", generated.votes_for(np.zeros(len(self.pool), dtype=bool), window, marked))
        elif len(marked):
            self._generate(window, marked)

    def _generate(self, window: slice, marked: np.ndarray) -> None:
        """The functions that look for points like the marked ones."""
        settings, pool, anchors = self.settings.generation, self.pool, marked
        if len(marked) > settings.anchors:
            anchors = np.sort(self.generator.choice(marked, settings.anchors, replace=False))
        if settings.representation != "none":
            found = generated.representation_votes(
                pool.representations, anchors, settings.deviations, settings.representation
            )
            self._append("representation", generated.votes_for(found, window, marked))
        if settings.statistics:
            found = generated.statistics_votes(pool.inputs, anchors, settings.deviations)
            doubts = self.state.label_scores
            if not self.settings.detectors and doubts is not None:
                found &= doubts > doubts.mean()
            self._append("statistics", generated.votes_for(found, window, marked))

    def _append(self, kind: str, votes: np.ndarray) -> None:
        name = f"{kind}-{self.state.iteration}"
        self.state.votes.append(LabellingFunction.of_votes(name, kind, self.state.iteration, votes))

    # -------------------------------------------------------------------------------------- looking on

    @property
    def scores(self) -> np.ndarray | None:
        """The end model's current scores (N,) of the pool; None before it has learnt."""
        return self.state.scores

    @property
    def curve(self) -> list[dict[str, float]]:
        """One row each time the end model learnt: counts, and metrics where labels are known."""
        return self.state.curve

    def labelling_functions(self) -> list[Summary]:
        """What each labelling function does, in order of appearance."""
        gold = self.state.gold
        found = []
        for f in self.state.votes.functions:
            agree = int((gold[f.anomalous] == 1).sum()) + int((gold[f.normal] == 0).sum())
            known = int((gold[f.anomalous] >= 0).sum()) + int((gold[f.normal] >= 0).sum())
            cast = len(f.anomalous) + len(f.normal)
            agreement = agree / known if known else float("nan")
            found.append(
                Summary(f.name, f.kind, f.iteration, len(f.anomalous), len(f.normal), cast / len(self.pool), agreement)
            )
        return found

    # ------------------------------------------------------------------------------------------ saving

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All that is needed to go on: the state and the generator. `restore` takes it back."""
        return self.state.to_arrays() | {"generator": np.array(json.dumps(self.generator.bit_generator.state))}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Go on from saved arrays, over the same pool and settings. Raises ValueError for those of another pool."""
        if len(arrays["gold"]) != len(self.pool):
            raise ValueError(f"saved labels are of {len(arrays['gold'])} points, the pool has {len(self.pool)}")
        self.state = State.from_arrays(arrays)
        self.generator.bit_generator.state = json.loads(str(arrays["generator"]))
