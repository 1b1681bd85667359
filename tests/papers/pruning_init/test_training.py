"""The train stage as a whole, on tiny data."""

import numpy as np
import pytest

from tenfold.config import Configuration
from tenfold.data.preparation import Preparation
from tenfold.errors import RunFailed
from tenfold.files import write_arrays, write_json
from tenfold.jobs import Plan
from tenfold.papers.pruning_init.images import masks
from tenfold.papers.pruning_init.prepare import prepare
from tenfold.papers.pruning_init.settings import Train
from tenfold.papers.pruning_init.train import train
from tenfold.training.execute import execute
from tenfold.training.finished import FinishedRun
from tenfold.training.job import Job
from tests.conftest import REPOSITORY

SEEDS = (0, 1)
THEORY = {
    "power": 3, "filters": 8, "init_sd": 0.1, "noise_levels": [0.1, 0.3], "learning_rate": 0.1, "max_steps": 60,
    "stop_loss": 0.3,
}  # fmt: skip
IMAGES = {"hidden": [12, 10], "epochs": 2, "batch_size": 32, "synflow_rounds": 5, "score_images": 40}


@pytest.fixture
def finished(folders):
    """Trains a job with these settings and reads it back."""

    def run(method="random", seeds=SEEDS, change=lambda arrays: arrays, **settings):
        kind = "theory" if "theory" in settings else "images"
        block = (
            {"theory": {"dimension": 30, "examples": 8, "test_noises": 20}}
            if kind == "theory"
            else {"images": {"bundled": "digits", "train_images": 80, "test_images": 30}}
        )
        resolved = Train.model_validate({"mask": method, "keep": [1.0, 0.2], **settings}).model_dump(mode="json")
        job = Job("smoke", "pruning-init", kind, method, seeds, resolved)
        arrays = change(prepare(Preparation("pruning-init", kind, block, SEEDS)).arrays)
        write_arrays(job.prepared / "data.npz", arrays)
        write_json(job.prepared / "manifest.json", {"digest": "d"})
        execute(job, train, code_digest="c", device="cpu")
        return FinishedRun(job.directory, job.prepared)

    return run


def test_a_theory_run_leaves_every_cell(finished):
    found = finished(theory=THEORY).predictions
    assert found["predicted"].shape == (2, 2, 2, 20, 2)
    for name in ("steps", "ratio", "covered", "train-error", "test-nll", "signal-coefficient"):
        assert found[name].shape == (2, 2, 2)
    assert found["curve/train-loss"].shape == (2, 2, 2, len(found["curve/step"]))
    np.testing.assert_allclose(found["curve/train-loss"][..., -1], found["train-loss"], rtol=1e-6)


def test_a_seed_has_the_same_result_whatever_the_other_seeds_of_the_job(finished):
    together = finished(theory=THEORY).predictions
    alone = finished(theory=THEORY, seeds=(1,)).predictions
    np.testing.assert_allclose(together["train-loss"][1], alone["train-loss"][0], rtol=1e-9)
    np.testing.assert_array_equal(together["predicted"][1], alone["predicted"][0])


def test_small_batches_give_the_same_result_as_one(finished):
    one = finished(theory=THEORY).predictions
    many = finished(theory={**THEORY, "batch_megabytes": 0.01}).predictions
    np.testing.assert_allclose(many["train-loss"], one["train-loss"], rtol=1e-9)
    np.testing.assert_array_equal(many["curve/step"], one["curve/step"])


def test_one_diverging_cell_does_not_stop_the_others(finished):
    wild = {**THEORY, "noise_levels": [0.1, 1e8], "learning_rate": 0.1}
    found = finished(theory=wild).predictions
    assert found["diverged"][:, :, 1].all()
    assert not found["diverged"][:, :, 0].any()
    calm = finished(theory={**THEORY, "noise_levels": [0.1]}).predictions
    np.testing.assert_allclose(found["train-loss"][:, :, 0], calm["train-loss"][:, :, 0], rtol=1e-9)


def test_a_diverging_run_fails_with_a_sentence(finished):
    wild = {**THEORY, "power": 4, "learning_rate": 1e30, "init_sd": 5.0, "stop_loss": None}
    with pytest.raises(RunFailed, match="A smaller learning rate is the usual remedy"):
        finished(theory=wild)


@pytest.mark.parametrize("method", ["magnitude", "snip", "grasp", "synflow", "iterative"])
def test_every_rule_keeps_its_share_and_starts_from_the_same_dense_network(finished, method):
    random, other = finished("random", images=IMAGES).predictions, finished(method, images=IMAGES).predictions
    np.testing.assert_array_equal(other["kept"][:, 0], 1)
    np.testing.assert_allclose(other["kept"][:, 1], 0.2, atol=1e-3)
    assert random["kept"][:, 1] == pytest.approx([0.2, 0.2], abs=0.04)
    # The dense network is the same under every rule, up to rounding in other batch sizes.
    assert (other["predicted"][:, 0] == random["predicted"][:, 0]).mean() > 0.95
    assert (other["predicted"][:, 1] != random["predicted"][:, 1]).any()


def test_iterative_pruning_keeps_the_largest_trained_weights_and_rewinds_them(finished, monkeypatch):
    seen = []
    apply = masks.apply

    def recording(model, mask):
        seen.append((mask.clone(), {name: w.detach().clone() for name, w in model.prunable().items()}, model))
        return apply(model, mask)

    monkeypatch.setattr(masks, "apply", recording)
    finished("iterative", images=IMAGES, keep=[1.0, 0.5, 0.1])
    (dense, start, trained), (half, restart, _), (tenth, _, _) = seen
    assert dense.all()
    assert not (tenth & ~half).any()
    for name in start:
        assert (start[name] == restart[name]).all()  # back to the initial values before masking
    sizes = np.concatenate([w.detach().abs().reshape(2, -1).numpy() for w in trained.prunable().values()], axis=1)
    for member in range(2):
        kept = half[member].numpy()
        assert sizes[member][kept].min() >= sizes[member][~kept].max()


def test_masked_weights_of_images_never_move(finished, monkeypatch):
    models = []
    apply = masks.apply

    def recording(model, mask):
        models.append((model, mask))
        return apply(model, mask)

    monkeypatch.setattr(masks, "apply", recording)
    finished("random", images={**IMAGES, "weight_decay": 0.01}, keep=[0.3])
    model, mask = models[-1]
    moved = np.concatenate([w.detach().abs().reshape(2, -1).numpy() for w in model.prunable().values()], axis=1)
    assert not moved[~mask.numpy()].any()
    assert (moved[mask.numpy()] > 0).all()


def enlarged(arrays):
    """8x8 grey digits as 32x32 colour images."""
    for name in ("train", "test"):
        pixels = np.repeat(np.repeat(arrays[name], 4, axis=1), 4, axis=2)
        arrays[name] = np.stack([pixels] * 3, axis=-1)
    return arrays | {"mean": np.full(3, 0.3), "sd": np.full(3, 0.35)}


def test_convolutional_networks_train_one_by_one(finished):
    images = {"network": "resnet-20", "width": 0.25, "epochs": 1, "augment": True, "schedule": "cosine"}
    run = finished(seeds=(0,), change=enlarged, images=images)
    assert run.predictions["predicted"].shape == (1, 2, 30)
    assert [row["loop"] for row in run.history] == ["keep-1 seed-0", "keep-0.2 seed-0"]


@pytest.mark.parametrize("dataset", ["cifar-10-vgg", "cifar-10-resnet"])
def test_networks_for_cifar_train_with_the_settings_of_scale_paper(finished, dataset):
    """The full networks at the lowest keep rate, one epoch on eight images."""
    plan = Plan(Configuration(REPOSITORY / "config", scale="paper"), "pruning-init")
    settings = plan.train_settings(dataset, "random")
    layers = {"cifar-10-vgg": "vgg-16", "cifar-10-resnet": "resnet-20"}
    assert settings["images"]["network"] == layers[dataset]

    def few(arrays):
        enough = {"train": 8, "train_labels": 8, "test": 4, "test_labels": 4}
        return enlarged({name: array[: enough.get(name)] for name, array in arrays.items()})

    images = settings["images"] | {"epochs": 1, "batch_size": 8}
    run = finished("random", seeds=(0,), change=few, images=images, keep=[0.02])
    assert run.predictions["predicted"].shape == (1, 1, 4)
    assert run.predictions["kept"].item() == pytest.approx(0.02, rel=0.02)
    assert all(np.isfinite(row["train_loss"]) for row in run.history)


@pytest.mark.parametrize("method", ["iterative", "snip", "grasp", "synflow"])
def test_every_rule_prunes_convolutional_networks(finished, method):
    images = {"network": "vgg-16", "width": 0.06, "epochs": 1, "synflow_rounds": 3, "score_images": 8}
    run = finished(method, seeds=(0,), change=enlarged, images=images, keep=[1.0, 0.3])
    np.testing.assert_allclose(run.predictions["kept"][0], [1, 0.3], atol=1e-3)
    assert all(np.isfinite(row["train_loss"]) for row in run.history)
