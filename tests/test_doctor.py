"""The checks of one machine that a working machine never shows."""

from types import SimpleNamespace

from tenfold.doctor import machine


def test_a_lightgbm_that_cannot_be_loaded_says_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "lib_lightgbm.so").write_bytes(b"not a library")
    monkeypatch.setattr(machine, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    (finding,) = machine.boosted_trees()
    assert finding.level == "bad"
    assert "libgomp1" in finding.remedy


def test_a_lightgbm_without_its_library_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    (finding,) = machine.boosted_trees()
    assert (finding.level, finding.remedy) == ("bad", "run `make setup` again")


def test_the_lightgbm_of_this_environment_can_be_loaded():
    (finding,) = machine.boosted_trees()
    assert finding.level == "ok"
