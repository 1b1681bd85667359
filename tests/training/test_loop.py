from __future__ import annotations

import io
import json

import numpy as np
import pytest
import torch

from tenfold.errors import RunFailed
from tenfold.training import checkpoint
from tenfold.training.early_stopping import BestState
from tenfold.training.history import History
from tenfold.training.loop import Loop
from tenfold.training.progress import Progress


class Walk:
    """A random walk whose every source of randomness is in the loop's state."""

    def __init__(self, folder, *, signature="s", total=6, seconds=0.0):
        self.position = torch.zeros(3, dtype=torch.float64)
        self.torch = torch.Generator().manual_seed(1)
        self.numpy = np.random.default_rng(2)
        self.history = History(folder / "history.jsonl")
        self.messages = io.StringIO()
        torch.manual_seed(3)
        self.loop = Loop(
            "walk",
            total,
            {"position": self.position, "torch": self.torch, "numpy": self.numpy},
            path=folder / "checkpoint-walk.pt",
            signature=signature,
            history=self.history,
            progress=Progress("job", stream=self.messages),
            checkpoint_seconds=seconds,
        )

    def go(self, until=None):
        for step in self.loop:
            self.position += torch.randn(3, generator=self.torch, dtype=torch.float64)
            self.position += torch.from_numpy(self.numpy.normal(size=3)) + torch.rand(3, dtype=torch.float64)
            self.loop.log(position=float(self.position.sum()))
            if step == until:
                return self
        return self

    def rows(self):
        return [json.loads(line) for line in self.history.path.read_text().splitlines()]


@pytest.fixture
def whole(tmp_path):
    return Walk(tmp_path / "whole").go()


@pytest.mark.parametrize("until", [1, 3, 5, 6])
def test_an_interrupted_loop_goes_on_to_the_same_bits(tmp_path, whole, until):
    Walk(tmp_path).go(until)
    resumed = Walk(tmp_path).go()
    assert torch.equal(resumed.position, whole.position)
    assert resumed.rows() == whole.rows()
    assert resumed.numpy.normal() == whole.numpy.normal()


def test_a_finished_loop_yields_nothing_and_has_the_last_state(tmp_path, whole):
    Walk(tmp_path).go()
    again = Walk(tmp_path)
    assert list(again.loop) == []
    assert torch.equal(again.position, whole.position)


def test_rows_without_a_checkpoint_are_forgotten(tmp_path, whole):
    Walk(tmp_path, seconds=1e9).go(3)
    resumed = Walk(tmp_path).go()
    assert resumed.loop.resumed_at is None
    assert resumed.rows() == whole.rows()


def test_a_damaged_checkpoint_starts_the_part_again_and_says_so(tmp_path, whole):
    Walk(tmp_path).go(4)
    path = tmp_path / "checkpoint-walk.pt"
    path.write_bytes(path.read_bytes()[:100])
    resumed = Walk(tmp_path).go()
    assert "damaged" in resumed.messages.getvalue()
    assert torch.equal(resumed.position, whole.position)
    assert resumed.rows() == whole.rows()


def test_a_checkpoint_of_other_settings_is_not_used(tmp_path, whole):
    Walk(tmp_path, signature="other").go(4)
    resumed = Walk(tmp_path).go()
    assert "changed" in resumed.messages.getvalue()
    assert torch.equal(resumed.position, whole.position)


def test_stop_ends_the_loop_after_the_step_and_stays_stopped(tmp_path):
    walk = Walk(tmp_path)
    steps = []
    for step in walk.loop:
        steps.append(step)
        if step == 2:
            walk.loop.stop()
    assert steps == [1, 2]
    assert list(Walk(tmp_path).loop) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_fails_the_run_and_keeps_the_history(tmp_path, value):
    walk = Walk(tmp_path)

    def diverge():
        for step in walk.loop:
            walk.loop.log(loss=value if step == 3 else 0.5)

    with pytest.raises(RunFailed, match=r"walk: loss is .* at step 3"):
        diverge()
    assert [row["step"] for row in walk.rows()] == [1, 2]


def test_several_loops_share_one_history_and_only_the_unfinished_one_is_rewound(tmp_path):
    history = History(tmp_path / "history.jsonl")

    def loop(name, history):
        return Loop(
            name, 3, {}, path=tmp_path / f"{name}.pt", signature="s", history=history,
            progress=Progress("job", stream=io.StringIO()), checkpoint_seconds=1e9,
        )  # fmt: skip

    for first in (one := loop("a", history)):
        one.log(value=first)
    for second in (two := loop("b", history)):
        two.log(value=second)
        if second == 2:
            break
    history.close()
    history = History(tmp_path / "history.jsonl")
    for name in ("a", "b"):
        for step in (again := loop(name, history)):
            again.log(value=step)
    rows = [json.loads(line) for line in history.path.read_text().splitlines()]
    assert [(row["loop"], row["step"]) for row in rows] == [(n, s) for n in "ab" for s in (1, 2, 3)]


def test_checkpoints_do_not_run_pickled_code(tmp_path):
    import pickle

    class Hostile:
        def __reduce__(self):
            return (pytest.fail, ("a pickled call was run",))

    (tmp_path / "c.pt").write_bytes(pickle.dumps(Hostile()))
    assert checkpoint.load(tmp_path / "c.pt") is None


def test_best_state_restores_the_best_and_counts_patience():
    module = torch.nn.Linear(1, 1, bias=False)
    best = BestState(module, patience=2)
    stops = []
    for step, value in enumerate([0.1, 0.5, 0.5, 0.4], start=1):
        with torch.no_grad():
            module.weight.fill_(float(step))
        stops.append(best.update(step, value))
    assert stops == [False, False, False, True]
    best.restore()
    assert (module.weight.item(), best.best_step) == (2.0, 2)


def test_best_state_survives_a_checkpoint(tmp_path):
    module = torch.nn.Linear(2, 2)
    best = BestState(module, patience=3)
    best.update(1, 0.3)
    checkpoint.save(tmp_path / "c.pt", checkpoint.snapshot({"best": best}))
    other = BestState(torch.nn.Linear(2, 2), patience=3)
    checkpoint.restore({"best": other}, checkpoint.load(tmp_path / "c.pt"))
    other.restore()
    assert torch.equal(other.module.weight, module.weight)
    assert other.best_value == 0.3
