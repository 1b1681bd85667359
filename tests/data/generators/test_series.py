"""Generated series in families: reproducible, labelled where something was put in, with families that repeat."""

import numpy as np
import pytest

from tenfold.data.generators.series import FILE_NAME, families
from tenfold.data.labelled_series import anomalous_stretches
from tenfold.data.readers.series import generated
from tenfold.errors import ConfigError

SETTINGS = {"seed": 5, "train": 9, "test": 4}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    families(folder, **SETTINGS)
    return generated(folder)


def test_the_same_settings_give_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        families(tmp_path / name, seed=seed, train=2, test=1)
    a, b, c = ((tmp_path / name / FILE_NAME).read_bytes() for name in "abc")
    assert a == b != c


def test_series_have_the_asked_numbers_lengths_and_splits(found):
    assert list(found.splits) == ["train"] * 9 + ["test"] * 4
    assert found.lengths.min() >= 600
    assert found.lengths.max() <= 1700
    assert (np.diff(found[0].timestamps) == 300).all()


def test_every_family_is_in_train_and_test(found):
    train, test = (set(found.groups[found.splits == side]) for side in ("train", "test"))
    assert train == test == {f"family-{number}" for number in (1, 2, 3, 4)}


def test_a_family_has_one_percent_of_anomalous_points_and_at_most_one_anomaly_more(found):
    for family in np.unique(found.groups):
        for side in ("train", "test"):
            own = [one for one in found if (one.group, one.split) == (family, side)]
            stretches = [stop - start for one in own for start, stop in anomalous_stretches(one.labels)]
            share = 0.01 * sum(map(len, own))
            assert share <= sum(stretches) < share + max(stretches)
            assert max(stretches) <= 60


def test_spikes_and_dips_stand_out_of_the_noise_by_the_asked_size(tmp_path):
    families(tmp_path, seed=3, train=4, test=1, family_count=1, noise=0.1, persistence=0.0)  # spikes and dips
    for one in generated(tmp_path):
        for start, stop in anomalous_stretches(one.labels):
            beside = (one.values[start - 1] + one.values[stop]) / 2
            jump = np.abs(one.values[start:stop] - beside)
            assert stop - start <= 5
            assert (jump > 6 * 0.1 - 0.4).all(), "6 sigma, less the sinusoids' way in five points and the noise"


def test_numbers_that_do_not_fit_together_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="shortest"):
        families(tmp_path, seed=1, train=1, test=1, shortest=500, longest=400)
