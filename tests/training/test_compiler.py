"""PyTorch's compiler is not loaded for optimizers, changes no number, and is there when something asks for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Prints the weights after some steps of several optimizers, and what was loaded on the way.
STEPS = """
import json, sys, torch
from tenfold.training.compiler import leave_out
if {leave_out}:
    leave_out()
torch.manual_seed(0)
model = torch.nn.Linear(3, 2)
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad):
    optimizer = kind(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(4, 3)).square().sum().backward()
        optimizer.step()
        schedule.step()
    optimizer.load_state_dict(optimizer.state_dict())
weights = [float(value).hex() for value in model.weight.flatten()]
loaded = [name for name in ("sympy", "torch._dynamo.eval_frame") if name in sys.modules]
{more}
print(json.dumps([weights, loaded]))
"""

# What a paper that compiles would do, in a process that has taken steps before.
COMPILES = """
import torch._dynamo.eval_frame
doubled = torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(1))
assert doubled.item() == 2
assert torch._dynamo is sys.modules["torch._dynamo"]
assert torch._dynamo.__file__
optimizer.zero_grad()
optimizer.step()
"""


def run(leave_out, more=""):
    script = STEPS.format(leave_out=leave_out, more=more)
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def without_compiler():
    return run(leave_out=True, more=COMPILES)


def test_optimizers_do_not_load_the_compiler(without_compiler):
    assert without_compiler[1] == []


def test_the_numbers_are_those_with_the_compiler_loaded(without_compiler):
    weights, loaded = run(leave_out=False)
    assert loaded, "PyTorch no longer loads its compiler for an optimizer: tenfold.training.compiler can go"
    assert without_compiler[0] == weights
