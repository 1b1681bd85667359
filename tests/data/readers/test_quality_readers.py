"""Readers of score tables, photographs and weights."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from tenfold.data.generators.quality import texture_features
from tenfold.data.readers import photographs, quality, weights
from tenfold.errors import DataError
from tenfold.provenance import sha256_of


def test_a_table_gives_scores_names_and_histograms_by_block(tmp_path):
    (tmp_path / "t.csv").write_text(
        "image,reference,distortion,score,lbp_000,lbp_001,bsif3_000\na.png,r.png,blur,1.5,2,3,7\nb.png,r.png,wn,2.5,5,0,7\n"
    )
    found = quality.table(tmp_path, file="t.csv")
    assert found.scores.tolist() == [1.5, 2.5]
    assert found.references.tolist() == ["r.png", "r.png"]
    assert found.distortions.tolist() == ["blur", "wn"]
    assert {name: block.tolist() for name, block in found.blocks.items()} == {
        "lbp": [[2, 3], [5, 0]],
        "bsif3": [[7], [7]],
    }


def test_scores_alone_have_neither_references_nor_blocks(tmp_path):
    (tmp_path / "t.csv").write_text("image,score,score_std\na.png,1.5,0.2\n")
    found = quality.table(tmp_path, file="t.csv")
    assert found.references.tolist() == [""]
    assert found.blocks == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,mos\na,1\n", "no column 'score'"),
        ("image,score\na,\n", "a number in every row"),
        ("image,score,lbp_0\na,1,0\n", "not all of them zero"),
    ],
)
def test_malformed_tables_are_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        quality.table(tmp_path, file="t.csv")
    with pytest.raises(DataError, match="does not exist"):
        quality.table(tmp_path, file="other.csv")


def test_generated_features_are_the_same_bytes_and_rank_with_the_level(tmp_path):
    for name in ("one", "two"):
        texture_features(tmp_path / name, seed=1, references=3)
    files = [tmp_path / name / "features.csv.gz" for name in ("one", "two")]
    assert files[0].read_bytes() == files[1].read_bytes()
    found = quality.table(tmp_path / "one")
    assert len(found.scores) == 3 * 2 * 4
    assert found.scores[3] > found.scores[0]


def test_photographs_come_in_the_order_of_their_names(tmp_path):
    for name, value in (("b", 2), ("a", 1)):
        Image.fromarray(np.full((4, 5, 3), value, np.uint8)).save(tmp_path / f"{name}.png")
    found = photographs.png(tmp_path)
    assert found.names == ["a", "b"]
    assert [image[0, 0, 0] for image in found.images] == [1, 2]
    (tmp_path / "c.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match="not a readable image"):
        photographs.png(tmp_path)
    with pytest.raises(DataError, match="holds no PNG"):
        photographs.png(tmp_path / "nowhere")


def test_weights_are_named_tensors(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "w.pth")
    assert weights.torch_state(tmp_path, file="w.pth")["a"].tolist() == [1, 1]
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(DataError, match="something else than named tensors"):
        weights.torch_state(tmp_path, file="list.pth")


def test_a_checksum_in_the_name_is_checked(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "w.pth")
    right = f"net-{sha256_of(tmp_path / 'w.pth')[:8]}.pth"
    (tmp_path / "w.pth").rename(tmp_path / right)
    weights.torch_state(tmp_path, file=right)
    (tmp_path / right).rename(tmp_path / "net-00000000.pth")
    with pytest.raises(DataError, match="does not start with 00000000"):
        weights.torch_state(tmp_path, file="net-00000000.pth")


class Evil:
    def __reduce__(self):
        return print, ("executed",)


def test_code_in_a_weights_file_is_not_executed(tmp_path, capsys):
    (tmp_path / "w.pth").write_bytes(pickle.dumps({"a": Evil()}))
    with pytest.raises(DataError, match="not a state dictionary"):
        weights.torch_state(tmp_path, file="w.pth")
    assert "executed" not in capsys.readouterr().out
