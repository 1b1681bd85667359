"""The shipped data, prepare on each kind of data, and what evaluation and tables make of predictions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tenfold import paths
from tenfold.data.preparation import Preparation
from tenfold.data.readers.rated_images import RatedImages
from tenfold.papers.pmtiqa.drawing import recorded
from tenfold.papers.pmtiqa.evaluate import evaluate
from tenfold.papers.pmtiqa.prepare import prepare
from tests.conftest import REPOSITORY
from tests.papers.pmtiqa.test_backbones import published_lite0

MIRROR = REPOSITORY.parent / "shared" / "data" / "pmtiqa"
real = pytest.mark.skipif(not MIRROR.is_dir(), reason="the mirror with the real features is not here")


def prepared(raw, reader, reader_settings=None, **settings):
    return prepare(Preparation("pmtiqa", "any", settings, (0,), raw, reader, reader_settings or {}))


@real
@pytest.mark.parametrize(
    ("file", "rule", "blocks", "images", "kept", "units", "kinds", "histogram"),
    [
        ("live", "live", ["aeclbp", "bsif3", "aeltp"], 779, 776, 29, 5, [47, 93, 89, 85, 100, 85, 88, 77, 40, 72]),
        (
            "csiq",
            "csiq",
            ["aeclbp", "bsif1", "aeltp"],
            866,
            866,
            30,
            6,
            [127, 135, 105, 95, 102, 91, 66, 63, 52, 19, 11],
        ),
        (
            "livec",
            "tens",
            ["aeclbp", "aeltp", "albp"],
            1162,
            1162,
            1162,
            1,
            [8, 51, 59, 95, 112, 164, 214, 260, 178, 21],
        ),
    ],
)
def test_the_real_features_have_the_published_counts_and_class_histograms(
    file, rule, blocks, images, kept, units, kinds, histogram
):
    found = prepared(
        MIRROR, "quality.table", {"file": f"{file}_features.csv.gz"}, features={"blocks": blocks}, rule=rule
    )
    assert found.statistics["images"] == images
    assert found.arrays["tap_1"].shape[:2] == (kept, 1)
    assert len(np.unique(found.arrays["units"])) == units
    assert len(found.arrays["distortion_names"]) == kinds
    assert np.bincount(found.arrays["classes"]).tolist() == histogram
    widths = {"aeclbp": 200, "bsif1": 256, "bsif3": 256, "aeltp": 20, "albp": 10}
    assert found.arrays["tap_1"].shape[2] == sum(widths[block] for block in blocks)
    assert (found.arrays["tap_1"] ** 2).sum((1, 2, 3, 4)) == pytest.approx(len(blocks), rel=1e-4)


@real
def test_the_scores_of_bid_have_the_published_class_histogram():
    found = prepared(MIRROR, "quality.table", {"file": "bid_labels.csv"}, labels=True, rule="bid")
    assert np.bincount(found.arrays["classes"]).tolist() == [19, 37, 43, 55, 46, 60, 80, 98, 102, 46]


@real
def test_histograms_of_one_live_reference_count_equally_many_pixels():
    from tenfold.data.readers.quality import table

    found = table(MIRROR, file="live_features.csv.gz")
    sums = found.blocks["aeclbp"].sum(1)
    assert all(len(set(sums[found.references == name])) == 1 for name in np.unique(found.references))


GENERATED = {"seed": 1, "photographs": 2, "size": (230, 228), "levels": {"awgn": [10, 40], "contrast": [0.5]}}


def test_generated_images_are_cached_with_their_scores_and_statistics():
    found = prepared(
        paths.EMBEDDED / "photographs", "photographs.png",
        generated=GENERATED, rule="pseudo", backbone="small", cache={"crops": 2}, natural_scenes={"patch": 48},
    ).arrays  # fmt: skip
    assert found["tap_1"].shape == (6, 2, 4, 8, 8)
    assert found["brisque"].shape == (6, 36)
    assert found["pristine_units"].max() == 1
    assert found["units"].tolist() == [0, 0, 0, 1, 1, 1]
    assert found["levels"].tolist() == [1, 2, 1] * 2
    assert found["distances"].shape == (6, 3)
    assert ((found["scores"] >= 0) & (found["scores"] <= 100)).all()
    assert not found["ladder"][1, 2].any()  # contrast has one level only


def test_pretrained_weights_come_from_a_companion():
    published = published_lite0()
    task = Preparation(
        "pmtiqa", "any",
        {"generated": {**GENERATED, "levels": {"awgn": [10]}}, "rule": "pseudo", "backbone": "efficientnet-lite0",
         "cache": {"crops": 1, "map_crops": 1}},
        (0,), paths.EMBEDDED / "photographs", "photographs.png", {},
        {"weights": SimpleNamespace(read=lambda: published)},
    )  # fmt: skip
    found = prepare(task).arrays
    assert [found[f"tap_{k}"].shape for k in (1, 2, 3, 4)] == [
        (2, 1, 24, 8, 8),
        (2, 1, 40, 4, 4),
        (2, 1, 112, 2, 2),
        (2, 1, 320, 1, 1),
    ]
    assert found["map_4"].shape == (2, 1, 320, 7, 7)
    assert found["map_4"].mean((3, 4)) == pytest.approx(found["tap_4"][..., 0, 0], rel=1e-4)


def test_pixels_are_kept_where_nothing_is_cached():
    found = prepared(
        paths.EMBEDDED / "photographs", "photographs.png", generated=GENERATED, rule="pseudo", backbone="small"
    ).arrays
    assert found["pixel_sizes"].tolist() == [[230, 228]] * 6
    assert found["pixels"].size == 6 * 230 * 228 * 3
    assert str(found["backbone_name"]) == "small"


def rated() -> RatedImages:
    """Three rated images of two references, one with a negative score, as LIVE has them."""
    images = [np.full((230, 240, 3), value, np.uint8) for value in (10, 20, 30)]
    return RatedImages(
        ["a", "b", "c"], np.array([12.0, -1.0, 88.0]), np.array(["x", "y", "y"]), np.array(["wn", "wn", "jpeg"]),
        lambda n: images[n], lambda name: np.asarray(Image.effect_noise((240, 230), 40).convert("RGB")),
    )  # fmt: skip


def test_a_database_drops_negative_scores_together_with_their_pixels(monkeypatch):
    monkeypatch.setattr("tenfold.data.readers.read", lambda *_: rated())
    found = prepared(
        paths.ROOT, "rated_images.live", images={"resize": (226, 232)}, rule="live", backbone="small", natural_scenes={}
    )
    arrays = found.arrays
    assert found.statistics["images"] == 3
    assert arrays["classes"].tolist() == [1, 8]
    assert arrays["units"].tolist() == [0, 1]
    assert arrays["pixel_sizes"].tolist() == [[226, 232]] * 2
    assert arrays["pixels"].reshape(2, -1).mean(1).tolist() == [10, 30]
    assert arrays["brisque"].shape == (2, 36)
    assert set(arrays["pristine_units"]) == {0, 1}


# ------------------------------------------------------------------------------------------------ results


def finished(predictions, settings=None, **data):
    return SimpleNamespace(seeds=[0], predictions=predictions, data=data, settings=settings or {})


def test_the_headline_is_the_last_epoch_and_the_best_epoch_stands_beside_it():
    scores = np.arange(12.0)
    predicted = np.stack([scores, -scores, np.where(scores == 11, -1, scores)])
    run = finished(
        {"0/test": np.arange(12), "0/scores": predicted, "0/rate": np.array(1e-3)},
        scores=scores, distortions=np.array([0] * 6 + [1] * 6), distortion_names=np.array(["blur", "noise"]),
    )  # fmt: skip
    found = {(one.split, one.metric): one.value for one in evaluate(run)}
    assert found["best-epoch", "srcc"] == 1
    assert found["test", "srcc"] == pytest.approx(1 - 6 * (11**2 + 11) / (12 * (144 - 1)))
    assert found["blur", "srcc"] == 1
    assert found["noise", "srcc"] == pytest.approx(1 - 6 * (5**2 + 5) / (6 * 35))
    assert found["chosen", "learning_rate"] == 1e-3


def test_the_study_of_units_gives_the_gain_of_each_factor():
    scores = np.array([1.0, 2, 3, 4, 5])
    keys = {
        "0/test": np.arange(5), "0/regression-only/0.1/scores": np.array([[1.0, 2, 3, 5, 4]]),
        "0/progressive/0.1/scores": np.array([[1.0, 2, 3, 4, 5]]),
    }  # fmt: skip
    run = finished(keys, {"arms": ["regression-only", "progressive"], "label_factors": [0.1]}, scores=scores)
    found = {(one.split, one.metric): one.value for one in evaluate(run)}
    assert found["x 0.1", "pmt_gain"] == pytest.approx(0.1)
    assert found["regression-only x 0.1", "srcc"] == pytest.approx(0.9)


def test_tables_say_median_range_and_paired_differences():
    assert recorded.median_and_range([0.5, 0.9, 0.6], ".3f") == "0.600 (0.500 to 0.900)"
    differences = recorded.paired({0: 0.5, 1: 0.7, 2: 0.9}, {1: 0.6, 0: 0.6})
    assert differences == pytest.approx([-0.1, 0.1])
    assert recorded.difference_in_words(differences) == "+0.000 ± 0.100, 1 of 2"
