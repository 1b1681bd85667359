"""Encoders and decoders, the floors, and that models are as large as the YAML claims."""

from __future__ import annotations

import pytest
import torch

from tenfold.config import Configuration
from tenfold.errors import ConfigError
from tenfold.jobs import Plan
from tenfold.papers.dlh.models.base import Frame
from tenfold.papers.dlh.models.build import build
from tenfold.papers.dlh.models.images import Decoder, Encoder
from tenfold.papers.dlh.settings import Images, Train
from tests.conftest import REPOSITORY
from tests.papers.dlh.conftest import END, generator

FRAMES = {
    "moving-ball": Frame(16, 16, 3), "moving-mnist-32": Frame(32, 32, 1), "moving-mnist-64": Frame(64, 64, 1),
    "maze-walks": Frame(64, 64, 3),
}  # fmt: skip


@pytest.mark.parametrize(
    ("frame", "channels"), [(Frame(16, 16, 3), None), (Frame(32, 32, 1), [4, 6, 8]), (Frame(64, 64, 3), [4, 6, 8, 10])]
)
def test_frames_go_to_features_and_back(frame, channels):
    chosen = Images(hidden=16, channels=channels)
    video = torch.rand(2, 3, *frame)
    features = Encoder(frame, chosen, 7)(video)
    assert features.shape == (2, 3, 7)
    decoded = Decoder(frame, chosen, 7)(features)
    assert decoded.shape == video.shape
    assert decoded.min() >= 0
    assert decoded.max() <= 1


def test_cwvaes_encoder_has_1024_values_before_its_last_layer():
    layers = Encoder(Frame(64, 64, 3), Images(channels=[32, 64, 128, 256]), 5).layers
    assert layers[-1].in_features == 1024


@pytest.mark.parametrize("frame", [Frame(32, 32, 1), Frame(48, 48, 1), Frame(64, 32, 1)])
def test_a_number_of_convolutions_that_does_not_fit_is_refused(frame):
    with pytest.raises(ConfigError, match="convolutions for frames"):
        Encoder(frame, Images(channels=[4, 6]), 7)


@pytest.mark.parametrize(("name", "expected"), [("copy-last", 0.7), ("mean-frame", 0.4), ("black", 0.0)])
def test_floors_hold_one_frame(name, expected):
    context = torch.tensor([0.1, 0.4, 0.7]).reshape(1, 3, 1, 1, 1).expand(2, 3, 8, 8, 1)
    found = build(Train(model=name), Frame(8, 8, 1)).predict(context, 5, 10, generator())
    assert found.shape == (1, 2, 5, 8, 8, 1)
    torch.testing.assert_close(found, torch.full_like(found, expected))


def test_floors_cannot_be_trained():
    with pytest.raises(TypeError, match="nothing to learn"):
        build(Train(model="black"), Frame(8, 8, 1)).loss(torch.zeros(1, 2, 8, 8, 1), END, generator())


@pytest.mark.parametrize("method", ["cwvae", "rssm"])
@pytest.mark.parametrize("dataset", FRAMES)
def test_baselines_have_as_many_parameters_as_dlh(dataset, method):
    plan = Plan(Configuration(REPOSITORY / "config", scale="paper"), "dlh")
    counts = []
    for name in ("dlh", method):
        model = build(Train.model_validate(plan.train_settings(dataset, name)), FRAMES[dataset])
        counts.append(sum(value.numel() for value in model.parameters()))
    assert counts[1] == pytest.approx(counts[0], rel=0.1)
