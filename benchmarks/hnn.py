"""How fast the parts of HNN are, in CPU seconds of one core, and how memory grows.

    OMP_NUM_THREADS=1 python benchmarks/hnn.py [--pubmed hyperedges_cocitation.txt.gz] [--dimension 64]

Methods are measured in turns, so a busy machine slows all of them alike. Without a file it measures generated
hypergraphs with the counts of PubMed co-citation (covered nodes, sizes) and of DBLP co-authorship.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import torch

from tenfold.data.hypergraphs import Hypergraph
from tenfold.data.lines import integers_by_line
from tenfold.papers.hnn.negatives import KnownSets, half_corrupted, uniform
from tenfold.papers.hnn.operators import Operators
from tenfold.papers.hnn.settings import Train
from tenfold.papers.hnn.study import Study
from tenfold.papers.hnn.tasks import hyperedges, nodes
from tenfold.training.job import Job
from tenfold.training.progress import Progress
from tenfold.training.run import Run

COMPARED = ("hnn", "hgnn", "gcn-clique", "hypergcn", "mlp")


def generated(nodes: int, edges: int, incidences: int, seed: int = 0) -> Hypergraph:
    """Sizes are 2 plus a geometric number; popular nodes follow Zipf's law."""
    rng = np.random.default_rng(seed)
    sizes = 1 + rng.geometric(edges / (incidences - edges), edges)
    node = np.minimum((nodes ** rng.random(sizes.sum())).astype(np.int64) - 1, nodes - 1)
    return Hypergraph.from_incidences(rng.permutation(nodes)[node], np.repeat(np.arange(edges), sizes), nodes, edges)


def study_of(graph: Hypergraph, classes: int = 3) -> Study:
    """Without features: all methods read a factor of the hypergraph."""
    graph = graph.select(graph.first_of_duplicates() & (graph.sizes > 1))
    rng = np.random.default_rng(1)
    labels = rng.integers(classes, size=graph.nodes)
    return Study(graph, None, labels, (np.sort(rng.permutation(graph.nodes)[: 20 * classes]),))


def benchmark_run(folder: Path) -> Run:
    class BenchmarkJob(Job):
        directory = folder

    job = BenchmarkJob("benchmark", "hnn", "benchmark", "hnn", (0,), {})
    return Run(job, torch.device("cpu"), signature="benchmark", progress=Progress("benchmark", every_seconds=1e9))


def step_on_all_nodes(epochs: nodes.Epochs) -> None:
    """The plain epoch of classification: all hyperedges, the classifier on all nodes, then the labelled ones."""
    epochs.model.train()
    epochs.optimizer.zero_grad()
    found = epochs.model.encoder(epochs.features, epochs.graph, epochs.graph.every_hyperedge)
    logits = epochs.model.head(found.nodes, found.edges, epochs.graph)[epochs.labelled]
    torch.nn.functional.cross_entropy(logits, epochs.labels).backward()
    epochs.optimizer.step()


def epoch_seconds(run: Run, study: Study, dimension: int, rounds: int) -> None:
    """Median CPU milliseconds of an epoch of both tasks, the methods in turns."""
    tasks = {}
    for method in COMPARED:
        settings = Train(encoder=method, dimension=dimension)
        predict = hyperedges.Epochs(run, settings, study, 0, "uniform", 0.8)
        classify = nodes.Epochs(run, settings, study, 0)
        tasks[method] = (predict.step, lambda _epoch, classify=classify: classify.step())
        if method == "hnn":
            plain = classify
    tasks["hnn, plain"] = (lambda _epoch: None, lambda _epoch: step_on_all_nodes(plain))
    taken: dict[str, list[list[float]]] = {method: [[], []] for method in tasks}
    for epoch in range(rounds + 1):
        for method, steps in tasks.items():
            for place, step in enumerate(steps):
                started = time.process_time()
                step(epoch + 1)
                if epoch:  # the first round warms caches
                    taken[method][place].append(1000 * (time.process_time() - started))
    middle = {method: [float(np.median(times)) for times in pair] for method, pair in taken.items()}
    for method, pair in middle.items():
        words = [
            f"{task} {cost:7.1f} ms an epoch ({cost / other:.2f} of HGNN)" if cost > 1e-2 else " " * 42
            for task, cost, other in zip(("prediction", "classification"), pair, middle["hgnn"], strict=True)
        ]
        print(f"{method:>12}: {', '.join(words)}")


def memory(dimension: int) -> None:
    """Bytes that one HNN pass with all z_{i|e} keeps for its gradient, at 1, 2, 4 and 8 times the size."""
    for factor in (1, 2, 4, 8):
        graph = generated(2_500 * factor, 2_500 * factor, 12_500 * factor).with_singletons()
        settings = Train(dimension=dimension)
        model = nodes.Classifier(settings, 32, graph.edges, 3)
        kept: dict[int, int] = {}

        def pack(tensor: torch.Tensor, kept: dict[int, int] = kept) -> torch.Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        tracemalloc.start()
        operators = Operators(graph)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            found = model.encoder(torch.randn(graph.nodes, 32), operators, operators.every_hyperedge)
            loss = model.head(found.nodes, found.edges, operators).sum()
        started = time.process_time()
        loss.backward()
        arrays = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        total = sum(kept.values()) + arrays
        print(
            f"{factor}x: {len(graph.node):7,d} incidences, {total / 1e6:7.1f} MB,"
            f" {total / len(graph.node):6.0f} bytes an incidence, backward {time.process_time() - started:.3f} s"
        )


def sampling(graph: Hypergraph) -> None:
    """Nodes drawn a second by both samplers, and by a permutation of all nodes for each hyperedge."""
    few, generator = graph.sizes[:500], np.random.RandomState(0)
    started = time.process_time()
    for size in few:
        generator.choice(graph.nodes, size, replace=False)
    print(f"{'one by one':>14}: {few.sum() / (time.process_time() - started):12,.0f} nodes a second")
    known, rng = KnownSets(graph), np.random.default_rng(0)
    for name, draw in (
        ("uniform", lambda: uniform(graph.sizes, graph.nodes, known, rng)),
        ("half-corrupted", lambda: half_corrupted(graph, known, rng)),
    ):
        draw()
        started = time.process_time()
        for _ in range(10):
            draw()
        print(f"{name:>14}: {10 * len(graph.node) / (time.process_time() - started):12,.0f} nodes a second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pubmed", type=Path, help="hyperedges, a line each")
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.pubmed:
        node, sizes = integers_by_line(arguments.pubmed)
        pubmed = Hypergraph.from_incidences(node, np.repeat(np.arange(len(sizes)), sizes), 19_717, len(sizes))
    else:
        pubmed = generated(19_717, 7_963, 34_629)
    dblp = generated(41_302, 22_363, 99_561)
    with tempfile.TemporaryDirectory() as folder:
        run = benchmark_run(Path(folder))
        for title, graph in (("PubMed co-citation", pubmed), ("size of DBLP co-authorship", dblp)):
            study = study_of(graph)
            count = len(study.hypergraph.node)
            print(f"{title}: {graph.nodes} nodes, {study.hypergraph.edges} hyperedges, {count} incidences")
            epoch_seconds(run, study, arguments.dimension, arguments.rounds)
    print("memory of HNN")
    memory(arguments.dimension)
    print("negatives")
    sampling(dblp.select(dblp.sizes > 1))


if __name__ == "__main__":
    main()
