import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tenfold.papers.ticoserec.encoder import SASRec
from tenfold.papers.ticoserec.fitting import Fit
from tenfold.papers.ticoserec.losses import cosines, nt_xent
from tenfold.papers.ticoserec.objectives import NextItem, NextItemWithContrast
from tenfold.papers.ticoserec.packed import Packed
from tenfold.papers.ticoserec.padded import flattened_products, padded_outputs
from tenfold.papers.ticoserec.settings import Contrast, Encoder, Optimization, Train, Views
from tenfold.papers.ticoserec.similarity import Neighbours, hybrid, itemcf_iuf, most_similar, nearest_by_vectors
from tenfold.papers.ticoserec.views import ViewGenerator, unaugmented_by_published_code
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run
from tests.papers.ticoserec.sequences import ragged, random_sequences

LENGTH = 8
ITEMS = 30


def encoder():
    torch.manual_seed(0)
    return SASRec(ITEMS, Encoder(dimension=8, inner=16, max_length=LENGTH, initial_std=0.5)).eval()


def objective(views=None, contrast=None, model=None):
    sequences = random_sequences(items=ITEMS)
    views, contrast = views or Views(), contrast or Contrast()
    neighbours = most_similar(itemcf_iuf(sequences.train_inputs, ITEMS), sequences.train_inputs)
    base = NextItem(model or encoder(), sequences, LENGTH, seed=0)
    return NextItemWithContrast(base, ViewGenerator(sequences, views, neighbours, LENGTH), contrast)


def test_the_published_code_keeps_the_user_on_row_r_when_the_user_of_id_r_is_uniform():
    # Ranked rows 0..4 hold the users of ids 3, 5, 1, 4, 2; the two most uniform have ids 3 and 5.
    variance = np.array([2.0, 4.0, 0.0, 3.0, 1.0])
    kept = unaugmented_by_published_code(variance, 0.4)
    assert kept.tolist() == [False, False, False, True, False]  # row 3 holds id 4; there is no row 5


@given(st.integers(0, 50))
def test_the_published_code_keeps_a_share_that_has_nothing_to_do_with_uniformity(seed):
    variance = np.random.default_rng(seed).random(2000)
    kept = unaugmented_by_published_code(variance, 0.15)
    assert 299 <= kept.sum() <= 300
    most_uniform = np.argsort(variance)[:300]
    assert kept[most_uniform].mean() == pytest.approx(0.15, abs=0.12)


def test_padded_outputs_at_real_positions_are_those_of_the_packed_encoder():
    model, table = encoder(), ragged([[1, 2, 3], [4], [5, 0, 6, 7, 8, 9, 10, 11]])
    packed = Packed.of(table, LENGTH)
    torch.testing.assert_close(padded_outputs(model, table, LENGTH)[packed.rows, packed.positions], model(packed))


def test_padded_queries_see_the_future():
    model = encoder()
    first, second = (padded_outputs(model, ragged([[1, last]]), LENGTH) for last in (2, 3))
    assert not torch.allclose(first[0, 0], second[0, 0])
    torch.testing.assert_close(first[0, -2], second[0, -2])


def test_products_with_padding_contain_all_positions():
    outputs = torch.randn(3, LENGTH, 5)
    torch.testing.assert_close(flattened_products(outputs), torch.einsum("ald,bld->ab", outputs, outputs))


@pytest.mark.parametrize("normalize", [True, False])
def test_the_contrast_with_padding_compares_the_flattened_views(normalize):
    contrast = objective(contrast=Contrast(padding="published-code", normalize=normalize))
    contrast.begin_epoch(1)
    users = np.array([3, 4, 9])
    flat = torch.cat([padded_outputs(encoder(), view.take(users), LENGTH).flatten(1) for view in contrast._drawn])
    products = cosines(flat @ flat.T) if normalize else flat @ flat.T
    losses = contrast.losses(users)
    torch.testing.assert_close(losses["contrast"], nt_xent(products, 1.0))
    torch.testing.assert_close(losses["loss"], losses["next-item"] + 0.1 * losses["contrast"])


def test_nearest_by_vectors_is_the_largest_inner_product_among_known_items():
    vectors = np.random.default_rng(0).normal(size=(12, 3))
    known = np.array([1, 2, 5, 7, 8])
    near, far = nearest_by_vectors(vectors, known), nearest_by_vectors(vectors, known, farthest=True)
    for item in known:
        products = {other: vectors[item] @ vectors[other] for other in known if other != item}
        assert near.item[item] == max(products, key=products.get)
        assert far.item[item] == min(products, key=products.get)
        assert near.score[item] == pytest.approx(max(products.values()))
    assert near.item[[0, 3, 11]].tolist() == [0, 0, 0]


def test_the_hybrid_takes_the_neighbour_with_the_higher_normalised_score_and_the_published_one_the_lower():
    known = np.array([1, 2, 3])
    # Normalised: offline 0, 0.5, 1 (none for item 0); online 1, 0.25, 0.
    offline = Neighbours(np.array([0, 2, 3, 1]), np.array([0, 1.0, 2.0, 3.0]), known)
    online = Neighbours(np.array([0, 3, 1, 2]), np.array([0, 40.0, 10.0, 0.0]), known)
    assert hybrid(offline, online).item.tolist() == [0, 3, 3, 1]
    assert hybrid(offline, online, upside_down=True).item.tolist() == [0, 2, 1, 2]


def test_an_item_without_an_offline_neighbour_gets_the_online_one():
    offline = Neighbours(np.array([0, 0, 1]), np.array([0, 0.0, 1.0]), np.array([1, 2]))
    online = Neighbours(np.array([0, 2, 1]), np.array([0, -5.0, -5.0]), np.array([1, 2]))
    for upside_down in (False, True):
        assert hybrid(offline, online, upside_down=upside_down).item[1] == 2


def test_similarity_by_vectors_counts_only_after_its_epoch():
    contrast = objective(views=Views(hybrid_after=2))
    offline = contrast.views.neighbours
    contrast.begin_epoch(2)
    assert contrast.views.neighbours is offline
    contrast.begin_epoch(3)
    assert (contrast.views.neighbours.item != offline.item).any()


def test_a_variant_changes_only_what_it_names():
    settings = Train(
        algorithm="variants", variants={"a": {"views": {"crop": {"rate": 0.9}}}}, views=Views(short_length=3)
    )
    variant = settings.variant("a")
    assert (variant.views.crop.rate, variant.views.crop.at, variant.views.short_length) == (0.9, "smallest", 3)
    with pytest.raises(ValueError, match="rates"):
        Train(algorithm="variants", variants={"a": {"views": {"crop": {"rates": 0.9}}}})


def test_going_on_from_a_saved_state_leaves_that_state_as_it_was(tmp_path):
    sequences = random_sequences(items=ITEMS)

    def fit():
        model = SASRec(ITEMS, Encoder(dimension=8, inner=16, max_length=LENGTH))
        return Fit(run_in(tmp_path), sequences, model, LENGTH, Optimization(epochs=2))

    first = fit()
    first.train(NextItem(first.model, sequences, LENGTH, 0), seed=0, name="first", first=1, last=1)
    saved = copy.deepcopy([first.model.state_dict(), first.optimizer.state_dict()])
    kept = copy.deepcopy(saved)
    other = fit()
    other.load(*saved)
    other.train(NextItem(other.model, sequences, LENGTH, 0), seed=0, name="other", first=2, last=2)
    torch.testing.assert_close(saved, kept)


def run_in(folder):
    class OwnJob(Job):
        directory = folder

    job = OwnJob("test", "ticoserec", "generated", "sasrec", (0,), {})
    return Run(job, torch.device("cpu"), signature="test", progress=Progress("test", every_seconds=1e9))
