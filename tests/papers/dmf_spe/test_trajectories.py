import io

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.dmf_spe import trajectories as module
from tenfold.papers.dmf_spe.settings import Recording, Stopping
from tenfold.papers.dmf_spe.trajectories import record_steps

TARGETS = {"one": [2.0], "two": [2.0, 1.0]}


@given(last=st.integers(1, 200_000), minimum=st.integers(1, 50), share=st.floats(0.001, 0.01))
def test_records_are_never_further_apart_than_asked(last, minimum, share):
    steps = np.array(record_steps(last, Recording(minimum=minimum, share=share)))
    gaps = np.diff(steps)
    assert steps[0] == 0
    assert steps[-1] == last
    assert (gaps >= 1).all()
    assert (gaps <= np.maximum(minimum, share * steps[:-1])).all()


@pytest.mark.parametrize("inits", [["gaussian"], ["aligned", "orthogonal"]])
def test_all_runs_escape_settle_and_leave(started, inits):
    runs, batch = started(3, 8, TARGETS, seeds=(0, 1), init_scales={3: [0.1]}, inits=inits, split_by=["target", "init"])
    batch.advance(10**6)
    assert batch.done
    assert set(batch.outcome.tolist()) <= {module.SETTLED, module.VANISHED}
    for i, run in enumerate(runs):
        ended = int(torch.isfinite(batch.records["loss"][:, i]).sum())
        values = batch.records["singular_values"][ended - 1, i, : run.rank]
        assert values.tolist() == pytest.approx(run.sigma, abs=1e-2)
        assert torch.linalg.svdvals(batch.final[2][i] @ batch.final[1][i] @ batch.final[0][i])[: run.rank].tolist() == (
            pytest.approx(values.tolist())
        )


def test_a_run_is_the_same_alone_and_in_a_batch(started):
    def loss(targets, seeds, index):
        _, batch = started(3, 8, TARGETS, seeds=seeds, targets=targets, init_scales={3: [0.1]})
        batch.advance(10**6)
        curve = batch.records["loss"][:, index]
        return curve[torch.isfinite(curve)].numpy()

    together, alone = loss(None, (0, 1), 1), loss(["two"], (0,), 0)
    shorter = min(len(together), len(alone))  # the record grid depends on the longest budget only at its very end
    assert shorter > 100
    assert together[:shorter] == pytest.approx(alone[:shorter], rel=1e-7)


@pytest.mark.parametrize("optimiser", ["gd", "rmsprop"])
def test_a_batch_put_back_from_a_checkpoint_goes_on_with_the_same_bits(started, optimiser):
    settings = {
        "init_scales": {3: [0.1, 0.2]}, "optimiser": optimiser, "split_by": ["target", "scale"],
        "stopping": Stopping(maximum_steps=400), "curvature": {"plateaus": True},
    }  # fmt: skip
    whole, first, second = (started(3, 6, TARGETS, **settings)[1] for _ in range(3))
    whole.advance(10**6)
    first.advance(150)
    buffer = io.BytesIO()
    torch.save(first.state_dict(), buffer)
    buffer.seek(0)
    second.load_state_dict(torch.load(buffer, weights_only=True))
    second.advance(10**6)
    for name, values in whole.records.items():
        assert torch.equal(values.nan_to_num(-1), second.records[name].nan_to_num(-1)), name
    assert torch.equal(whole.outcome, second.outcome)
    assert all(torch.equal(a, b) for a, b in zip(whole.final, second.final, strict=True))
    assert torch.equal(whole.snapshot(100, 0)[1], second.snapshot(100, 0)[1])


def test_a_step_budget_ends_a_run(started):
    _, batch = started(3, 6, TARGETS, init_scales={3: [1e-3]}, stopping={"maximum_steps": 30})
    batch.advance(10**6)
    assert batch.outcome.tolist() == [module.SPENT, module.SPENT]
    assert batch.steps[batch.recorded - 1] == 30


def test_a_diverging_run_leaves_without_taking_the_others_along(started):
    _, batch = started(2, 6, {"two": [2.0, 1.0]}, init_scales={2: [0.1]}, learning_rates=[0.1, 10.0], split_by=["rate"])
    batch.advance(10**6)
    assert batch.outcome.tolist() == [module.SETTLED, module.DIVERGED]
    curve = batch.records["loss"][:, 1]
    assert torch.isfinite(curve[0])
    assert float(curve[torch.isfinite(curve)].max()) < module.BLOW_UP * float(curve[0])


def test_the_product_at_a_plateau_is_the_best_approximation_of_its_rank(started):
    _, batch = started(3, 8, {"two": [2.0, 1.0]}, init_scales={3: [0.02]}, inits=["aligned"])
    batch.advance(10**6)
    values = batch.records["singular_values"][:, 0]
    plateau = int(((values[:, 0] > 1.99) & (values[:, 1] < 0.01)).nonzero()[0, 0])
    assert float(batch.records["distance_to_best"][plateau, 0]) < 0.01
    assert float(batch.records["relative_error"][plateau, 0]) == pytest.approx(1 / 5**0.5, abs=0.01)
    assert float(batch.records["effective_rank"][plateau, 0]) < 1.1


def test_all_modes_of_the_target_are_recorded_however_few_are_asked_for(started):
    """With fewer the counters would miss stages: they compare R singular values with the target's."""
    settings = {"init_scales": {3: [0.1]}, "inits": ["aligned"]}
    (run,), few = started(3, 6, {"two": [2.0, 1.0]}, recording={"singular_values": 1}, **settings)
    _, many = started(3, 6, {"two": [2.0, 1.0]}, recording={"singular_values": 99}, **settings)
    assert few.records["singular_values"].shape[-1] == run.rank == 2
    assert many.records["singular_values"].shape[-1] == 6  # there are no more
    few.advance(10**6)
    ended = int(torch.isfinite(few.records["loss"][:, 0]).sum())
    assert few.records["singular_values"][ended - 1, 0].tolist() == pytest.approx([2.0, 1.0], abs=1e-2)


class ReadBack:
    """A tensor as a checkpoint gives it back: on the CPU. It says where it is asked to go."""

    def __init__(self, tensor):
        self.tensor, self.goal = tensor, None

    def to(self, device):
        self.goal = device
        return self.tensor


def test_snapshots_from_a_checkpoint_go_back_to_the_device_of_the_batch(started):
    """Checkpoints are read onto the CPU; Hessians at plateaus mix snapshots with targets on the batch's device."""
    settings = {"init_scales": {3: [0.1]}, "curvature": {"plateaus": True}}
    first, second = (started(3, 6, TARGETS, **settings)[1] for _ in range(2))
    first.advance(3)
    saved = [ReadBack(snapshot) for snapshot in first.state_dict()["snapshots"]]
    second.load_state_dict(first.state_dict() | {"snapshots": saved})
    assert [snapshot.goal for snapshot in saved] == [torch.device("cpu")] * 4
    for before, after in zip(first.snapshot(2, 1), second.snapshot(2, 1), strict=True):
        assert torch.equal(before, after)
