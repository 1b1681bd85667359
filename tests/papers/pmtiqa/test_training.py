"""Stacks of networks train as each would alone; the optimizer; caching; rates; splits; classical baselines."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from tenfold.errors import DataError
from tenfold.papers.pmtiqa.backbones.base import pooled_taps
from tenfold.papers.pmtiqa.backbones.build import untrained
from tenfold.papers.pmtiqa.baselines import regressors
from tenfold.papers.pmtiqa.cache import cached_taps
from tenfold.papers.pmtiqa.images.crops import as_input
from tenfold.papers.pmtiqa.model import FineTuned, network
from tenfold.papers.pmtiqa.schedule import rate_exponent, task_losses, task_weights
from tenfold.papers.pmtiqa.settings import Regressor, Train
from tenfold.papers.pmtiqa.training.adam import StackedAdam
from tenfold.papers.pmtiqa.training.crop_sources import CachedCrops, PixelCrops
from tenfold.papers.pmtiqa.training.networks import planned_members, split_of, train_networks, with_chosen_rates
from tenfold.papers.pmtiqa.training.single import parameter_groups, train_single
from tenfold.papers.pmtiqa.training.stacked import train_stack
from tenfold.training import seeding

CHANNELS, GRIDS = (3, 4, 5, 6), (8, 4, 2, 1)


class Loop:
    """Steps without checkpoints."""

    def __init__(self, total: int) -> None:
        self.total, self.rows = total, []

    def __iter__(self):
        return iter(range(1, self.total + 1))

    def log(self, **values):
        self.rows.append(values)


class FakeRun:
    """As much of a run as training asks for."""

    device = torch.device("cpu")
    method, dataset = "m", "d"

    def __init__(self, data, seeds=(0, 1)) -> None:
        self.data, self.seeds = data, seeds
        self.predictions, self.models, self.loops = {}, {}, {}

    generator = staticmethod(seeding.torch_generator)
    numpy_generator = staticmethod(seeding.numpy_generator)
    seeded = staticmethod(seeding.seeded)

    def loop(self, name, total, state, *, seed=None):
        self.loops[name] = Loop(total)
        return self.loops[name]

    def save_predictions(self, arrays):
        self.predictions = arrays

    def save_model(self, states):
        self.models = states


@pytest.fixture
def data():
    """Taps of 40 images of 10 references, two crops each, with scores that the taps tell."""
    generator = np.random.default_rng(0)
    count = 40
    taps = {
        f"tap_{k}": generator.standard_normal((count, 2, c, g, g)).astype(np.float32)
        for k, (c, g) in enumerate(zip(CHANNELS, GRIDS, strict=True), 1)
    }
    scores = np.clip(50 + 30 * taps["tap_4"][..., 0, 0].mean((1, 2)) * 2, 0, 99.9)
    return {
        **taps, "scores": scores.astype(np.float64), "classes": (scores // 10).astype(np.int64),
        "class_count": np.array(10), "units": np.repeat(np.arange(10), 4),
    }  # fmt: skip


def settings(**changes) -> Train:
    optimisation = {"epochs": 3, "period": 1, "learning_rates": [1e-2], "batch_crops": 8} | changes.pop(
        "optimisation", {}
    )
    return Train.model_validate({"widths": (2, 3, 4), "optimisation": optimisation, **changes})


def test_stacked_adam_is_adam_of_pytorch_for_each_member():
    torch.manual_seed(0)
    start = torch.randn(3, 4, 2)
    stacked = {"w": start.clone()}
    rates = torch.tensor([1e-1, 1e-2, 1e-3])
    ours = StackedAdam(stacked, rates, 5e-2)
    single = [nn.Parameter(start[m].clone()) for m in range(3)]
    theirs = [torch.optim.Adam([w], lr=float(rate), weight_decay=5e-2) for w, rate in zip(single, rates, strict=True)]
    for _ in range(6):
        gradients = torch.randn(3, 4, 2)
        ours.step([gradients])
        for m in range(3):
            single[m].grad = gradients[m].clone()
            theirs[m].step()
    assert torch.allclose(stacked["w"], torch.stack([w.detach() for w in single]), atol=1e-6)


def plainly(run: FakeRun, chosen: Train, seed: int, projection_taps: list[str]) -> np.ndarray:
    """The specification written down for one seed: PyTorch's Adam, made anew each epoch; scores after each epoch."""
    training, test = split_of(run, seed)
    with seeding.seeded(seed, "model"):
        model = network(chosen.projection, CHANNELS, chosen.widths, 10)
    taps = {name: torch.as_tensor(run.data[name]) for name in projection_taps}
    labels, classes = torch.as_tensor(run.data["scores"]).float(), torch.as_tensor(run.data["classes"])
    steps, found = round(0.8 * 40 / 4), []
    for epoch in range(chosen.optimisation.epochs):
        first, second = task_weights(
            chosen.schedule.name,
            epoch,
            chosen.optimisation.epochs,
            chosen.schedule.regression,
            chosen.schedule.classification,
        )
        rate = 1e-2 * 10.0 ** rate_exponent(epoch, chosen.optimisation.period)
        adam = torch.optim.Adam(model.parameters(), lr=rate, weight_decay=5e-4)
        order = torch.randperm(len(training), generator=seeding.torch_generator(seed, "order", epoch)).numpy()
        for places in np.array_split(training[order], steps):
            quality, logits = model([tap[places].flatten(0, 1) for tap in taps.values()])
            y, c = labels[places].repeat_interleave(2), classes[places].repeat_interleave(2)
            loss = first * (quality - y).abs().mean() + second * nn.functional.cross_entropy(logits, c)
            adam.zero_grad()
            loss.backward()
            adam.step()
        with torch.no_grad():
            found.append(model([tap[test].flatten(0, 1) for tap in taps.values()])[0].reshape(-1, 2).mean(1).numpy())
    return np.stack(found)


@pytest.mark.parametrize(
    ("projection", "schedule"),
    [("multi-scale", "progressive"), ("multi-scale", "fixed"), ("last-stage", "reversed")],
)
def test_a_stack_of_seeds_trains_as_each_seed_would_alone_with_pytorch(data, projection, schedule):
    chosen = settings(projection=projection, schedule={"name": schedule})
    run = FakeRun(data)
    train_networks(run, chosen)
    names = ["tap_1", "tap_2", "tap_3", "tap_4"] if projection == "multi-scale" else ["tap_4"]
    for seed in run.seeds:
        assert run.predictions[f"{seed}/scores"] == pytest.approx(plainly(run, chosen, seed, names), abs=2e-3)


def test_a_seed_gets_the_same_numbers_alone_and_in_a_block(data):
    together, alone = FakeRun(data, (0, 1, 2)), FakeRun(data, (2,))
    for run in (together, alone):
        train_networks(run, settings())
    assert together.predictions["2/scores"] == pytest.approx(alone.predictions["2/scores"], abs=2e-3)
    assert np.array_equal(together.predictions["2/test"], alone.predictions["2/test"])


def test_pooled_scales_use_the_spatial_means_of_all_taps(data):
    run = FakeRun(data)
    train_networks(run, settings(projection="pooled-scales"))
    means = {name: data[name].mean((3, 4), keepdims=True) for name in ("tap_1", "tap_2", "tap_3", "tap_4")}
    other = FakeRun({**data, **means})
    train_networks(other, settings(projection="pooled-scales"))
    assert run.predictions["0/scores"] == pytest.approx(other.predictions["0/scores"], abs=2e-3)


def test_a_label_unit_study_scales_the_labels_and_pairs_the_arms(data):
    run = FakeRun(data)
    train_networks(run, settings(arms=["regression-only", "progressive"], label_factors=[0.1, 1.0]))
    one, other = FakeRun(data), FakeRun({**data, "scores": 0.1 * data["scores"]})
    train_networks(one, settings())
    train_networks(other, settings(schedule={"name": "fixed", "classification": 0}))
    assert run.predictions["1/progressive/1/scores"] == pytest.approx(one.predictions["1/scores"], abs=2e-3)
    assert run.predictions["1/regression-only/0.1/scores"] == pytest.approx(other.predictions["1/scores"], abs=2e-3)


def test_features_are_standardized_by_the_training_images(data):
    generator = np.random.default_rng(1)
    features = 5 + 3 * generator.standard_normal((40, 1, 7, 1, 1)).astype(np.float32)
    alone = {name: data[name] for name in ("scores", "classes", "class_count", "units")}
    run = FakeRun({**alone, "tap_1": features}, (0,))
    chosen = settings(projection="features")
    members = planned_members(run, chosen)
    run.data["tap_1"][members[0].test] += 1000  # what the test images hold must not change the scaling
    changed = run.data["tap_1"].copy()
    changed[members[0].test] -= 1000
    first = train_stack(run, chosen, members, "a", share=0.8, log=False)
    second = train_stack(FakeRun({**alone, "tap_1": changed}, (0,)), chosen, members, "a", share=0.8, log=False)
    assert np.array_equal(first.losses, second.losses)


def test_the_learning_rate_is_chosen_on_held_out_references_without_the_test_images(data):
    run = FakeRun(data)
    chosen = settings(optimisation={"learning_rates": [1e-9, 1e-2], "epochs": 8, "period": 8})
    members = planned_members(run, chosen)
    found = with_chosen_rates(run, chosen, members)
    assert [member.rate for member in found] == [1e-2, 1e-2]
    spoiled = data["scores"].copy()
    for member in members:
        spoiled[member.test] = 0.0
    other = FakeRun({**data, "scores": spoiled}, (0,))
    again = with_chosen_rates(other, chosen, planned_members(other, chosen))
    assert again[0].rate == found[0].rate
    assert np.array_equal(found[0].test, members[0].test)


def test_cached_taps_are_what_the_backbone_gives_for_each_crop():
    backbone = untrained("small")
    crops = np.random.default_rng(2).integers(0, 256, (11, 2, 224, 224, 3)).astype(np.uint8)
    cache = cached_taps(backbone, iter(crops), map_crops=1)
    with torch.inference_mode():
        for image, crop in ((0, 0), (7, 1), (10, 1)):
            maps = backbone(as_input(crops[image, crop][None]))
            for number, tap in enumerate(pooled_taps(maps), 1):
                assert np.abs(cache[f"tap_{number}"][image, crop] - tap[0].numpy()).max() < 1e-5
        assert np.abs(cache["map_4"][10, 0] - backbone(as_input(crops[10, 0][None]))[-1][0].numpy()).max() < 1e-5
    assert cache["map_4"].shape == (11, 1, 8, 7, 7)
    with pytest.raises(ValueError, match="same number of crops"):
        cached_taps(backbone, [crops[0], crops[0][:1]])


def test_the_cached_and_the_uncached_path_predict_the_same():
    backbone = untrained("small").eval()
    crops = np.random.default_rng(3).integers(0, 256, (3, 2, 224, 224, 3)).astype(np.uint8)
    torch.manual_seed(1)
    head = network("multi-scale", backbone.channels, (2, 3, 4), 10)
    cache = cached_taps(backbone, iter(crops))
    with torch.no_grad():
        quality, logits = FineTuned(backbone, head)(as_input(crops.reshape(-1, 224, 224, 3)))
        taps = [torch.as_tensor(cache[f"tap_{number}"]).flatten(0, 1) for number in (1, 2, 3, 4)]
        cached_quality, cached_logits = head(taps)
    assert torch.allclose(quality, cached_quality, atol=1e-4)
    assert torch.allclose(logits, cached_logits, atol=1e-4)


@pytest.fixture
def pixels():
    generator = np.random.default_rng(4)
    sizes = np.array([[230, 240], [226, 228], [240, 225], [224, 224], [228, 230]])
    images = [generator.integers(0, 256, (h, w, 3)).astype(np.uint8) for h, w in sizes]
    return {
        "pixels": np.concatenate([image.ravel() for image in images]), "pixel_sizes": sizes,
        "backbone_name": np.array("small"), "scores": np.array([10.0, 30, 50, 70, 90]),
        "classes": np.array([1, 3, 5, 7, 9]), "class_count": np.array(10), "units": np.arange(5),
    }, images  # fmt: skip


def test_crops_are_cut_out_of_the_right_image_and_mirrored_in_training_only(pixels):
    data, images = pixels
    source = PixelCrops(data, 2, torch.device("cpu"))
    assert all(np.array_equal(source.image(n), image) for n, image in enumerate(images))
    assert torch.equal(source.testing(np.array([3]), 0)[0], as_input(images[3][None])[0])  # 224 x 224: one crop only
    whole, mirrored = as_input(images[3][None])[0], as_input(np.ascontiguousarray(images[3][None, :, ::-1]))[0]
    found = source.training(np.array([3] * 8), np.random.default_rng(0))
    kinds = [torch.equal(one, whole) - torch.equal(one, mirrored) for one in found]
    assert set(kinds) == {1, -1}
    assert torch.equal(source.testing(np.array([0, 1]), 7)[2:], source.testing(np.array([1]), 7))


def test_fine_tuning_changes_the_backbone_and_leaves_records_of_every_epoch(pixels):
    data, _ = pixels
    run = FakeRun(data, (0,))
    chosen = settings(
        optimisation={"epochs": 2, "learning_rates": [1e-3]}, fine_tuning={"images_a_step": 2, "crops": 1}
    )
    train_single(run, chosen)
    assert run.predictions["0/scores"].shape == (2, 1)
    before = untrained("small").state_dict()["third.weight"]
    assert not torch.equal(run.models["0"]["backbone.third.weight"], before)
    assert [row["seed"] for row in run.loops["seed-0"].rows] == [0, 0]


def test_rates_of_hyperiqa_follow_its_code():
    tuned = {"head_factor": 10, "head_factor_until": 9, "constant_backbone_rate": True}
    chosen = settings(estimator="hyperiqa", optimisation={"period": 6, "learning_rates": [2e-5]}, fine_tuning=tuned)
    model = FineTuned(nn.Linear(1, 1), nn.Linear(1, 1))
    found = [[group["lr"] for group in parameter_groups(model, chosen, 2e-5, epoch)] for epoch in range(16)]
    for epoch, (backbone, head) in enumerate(found):
        after = max(epoch - 1, 0)  # the code sets the next epoch's rates after epoch t = epoch - 1
        ratio = 10 if epoch == 0 or after <= 8 else 1
        assert backbone == 2e-5
        assert head == pytest.approx(2e-5 / 10 ** (after // 6) * ratio)


def test_missing_inputs_are_named(data):
    with pytest.raises(DataError, match=r"cache\.map_crops"):
        CachedCrops(data, torch.device("cpu"))
    with pytest.raises(DataError, match="needs pixels"):
        PixelCrops(data, 1, torch.device("cpu"))
    del data["tap_2"]
    with pytest.raises(DataError, match="needs tap_2"):
        train_networks(FakeRun(data), settings())


# ---------------------------------------------------------------------------------------------- baselines


def test_features_are_scaled_by_training_rows_alone():
    features = np.array([[0.0, 5], [10, 5], [40, 7]])
    scaled = regressors.to_unit_interval(features, np.array([0, 1]))
    assert scaled.tolist() == [[-1, -1], [1, -1], [7, 3]]
    assert regressors.standardized(features, np.array([0, 1])).tolist() == [[-1, 0], [1, 0], [7, 2]]


def test_support_vectors_find_a_smooth_function_and_a_forest_a_step():
    generator = np.random.default_rng(5)
    x = generator.uniform(-1, 1, (120, 2))
    units, training, test = np.repeat(np.arange(30), 4), np.arange(96), np.arange(96, 120)
    smooth = 40 + 30 * np.sin(2 * x[:, 0])
    found, chosen = regressors.svr_predictions(x, smooth, units, training, test, Regressor(c=[0.001, 100], gamma=[1]))
    assert chosen == (100, 1)
    assert np.abs(found - smooth[test]).mean() < 3
    step = 60.0 * (x[:, 1] > 0)
    forest = regressors.forest_predictions(x, step, training, test, Regressor(trees=50), 3)
    assert np.abs(forest - step[test]).mean() < 6


def test_settings_refuse_what_makes_no_sense():
    with pytest.raises(ValueError, match="belong to a label-unit study"):
        settings(label_factors=[0.1])
    with pytest.raises(ValueError, match="no backbone to tune"):
        settings(projection="features", fine_tuning={})


def test_losses_of_the_stack_are_means_of_the_batches():
    quality, logits = torch.tensor([[1.0, 5.0]]), torch.zeros(1, 2, 4)
    regression, classification = task_losses(
        quality, logits, torch.zeros(1, 2), torch.zeros(1, 2, dtype=torch.long), torch.tensor([[1.0, 0.0]])
    )
    assert regression.tolist() == [1.0]
    assert classification.item() == pytest.approx(np.log(4))
