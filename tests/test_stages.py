"""How the stages import a paper's modules."""

from __future__ import annotations

import gc
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from tenfold import paths, stages
from tenfold.errors import DataError
from tenfold.files import write_json

MODULE = "made_up_paper_of_test_stages"


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A paper whose train module notes whether garbage is looked for while it is imported, and one that is broken."""
    (tmp_path / MODULE).mkdir()
    for name, text in (
        ("__init__", ""),
        ("train", "import gc\nwas_on = gc.isenabled()\ndef train(run): return was_on"),
        ("evaluate", "raise ImportError('broken')"),
    ):
        (tmp_path / MODULE / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield SimpleNamespace(paper=SimpleNamespace(module=MODULE))
    for name in [name for name in sys.modules if name.startswith(MODULE)]:
        del sys.modules[name]
    gc.unfreeze()


def test_garbage_is_not_looked_for_while_a_paper_is_imported_and_is_again_when_it_runs(plan):
    train = stages.paper_stage(plan, "train")
    assert train(None) is False
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_module_that_is_there_freezes_nothing_more(plan):
    stages.paper_stage(plan, "train")
    gc.unfreeze()
    stages.paper_stage(plan, "train")
    assert gc.get_freeze_count() == 0


def test_the_collector_is_on_again_after_an_import_that_failed(plan):
    with pytest.raises(ImportError, match="broken"):
        stages.paper_stage(plan, "evaluate")
    assert gc.isenabled()


def test_companions_are_the_raw_data_that_prepare_reads_beside_the_main_one(project):
    folder = paths.raw("films-raw")
    record = {"reader": "photographs.png", "reader_settings": {}}
    write_json(folder / "manifest.json", record)
    Image.new("RGB", (2, 3)).save(folder / "a.png")
    entry = project.plan().paper.datasets["own"].model_copy(update={"companions": {"weights": "films-raw"}})
    found = stages.companions(entry)
    assert found["weights"].read().images[0].shape == (3, 2, 3)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match="tenfold data fetch films-raw"):
        stages.companions(entry)
