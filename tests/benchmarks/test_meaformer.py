"""The plain computation that the benchmark measures beside ours is the same computation."""

from __future__ import annotations

import importlib.util
import sys

import pytest
import torch

from tests.conftest import REPOSITORY


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("meaformer_benchmark", REPOSITORY / "benchmarks" / "meaformer.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    torch.set_default_dtype(torch.float64)
    yield module
    torch.set_default_dtype(torch.float32)


def test_both_have_the_same_loss_and_gradients(benchmark):
    edges, features = benchmark.random_edges(40, 100), benchmark.features_of(40)
    model = benchmark.model_of(features, edges, 6, transformer={"inner": 5, "dropout": 0.0})
    plain = benchmark.Plain(model, features, edges)
    left, right = torch.randperm(40)[:14].view(2, -1)
    ours, theirs = model.loss(model.batch(left, right), torch.Generator()), plain.loss(left, right)
    assert torch.allclose(ours, theirs)
    parameters = list(model.parameters())
    for one, other in zip(torch.autograd.grad(ours, parameters), torch.autograd.grad(theirs, parameters), strict=True):
        assert torch.allclose(one, other, atol=1e-9)
