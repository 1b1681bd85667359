"""How long the suite takes on 1, 8, 64 and 256 GPUs: the DAG of a scale, played through on paper.

    python benchmarks/cluster_simulation.py [--scale paper] [--gpus 1 8 64 256] [--stated-suite]

A job takes what was recorded for it, else a share of its time limit; what each rule and each SLURM job costs besides is
stated below (measured: docs/scaling.md). Jobs start in the order of the configuration as soon as what they need is
there. The head is modelled as it is: it sees a finished job only when it asks (after 40 s, then ever less often, up to
180 s, until it finds one), and it runs the light rules itself, two at a time. All data sets count, also those whose raw
data is not here.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tenfold.config import Configuration
from tenfold.jobs import Plan, plans
from tenfold.planning import recorded_cost
from tenfold.training.job import Job

# Seconds, measured on this project's test cluster and on one machine.
START_SECONDS = 8.0  # Snakemake twice, Python and PyTorch, on a node
SUBMIT_SECONDS = 0.1
PREPARE_SECONDS = 60.0
EVALUATE_SECONDS = 3.0
FIGURES_SECONDS = 10.0
FIRST_LOOK, LATER, LONGEST = 40.0, 10.0, 180.0


@dataclass(frozen=True)
class Task:
    """A node of the DAG. `place` is what it occupies: a GPU, some processors of the cluster, or the head."""

    name: str
    seconds: float
    place: str = "gpu"
    amount: int = 1
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """A cluster, and how it is watched."""

    gpus: int
    cpus: int
    head: int = 2
    submitted: int = 100
    """Jobs that the head keeps queued or running at once (`jobs` of the profile)."""
    start_seconds: float = START_SECONDS
    submit_seconds: float = SUBMIT_SECONDS
    first_look: float = FIRST_LOOK

    def capacity(self) -> Counter[str]:
        return Counter(gpu=self.gpus, cpu=self.cpus, head=self.head)


@dataclass
class Outcome:
    """What the play came to."""

    seconds: float = 0.0
    busy: Counter[str] = field(default_factory=Counter)
    """Place -> seconds of useful work times amount."""
    looks: int = 0

    def utilization(self, machine: Machine) -> float:
        """Share of the GPUs' time that was useful work."""
        return self.busy["gpu"] / (self.seconds * machine.gpus) if self.seconds else 0.0


def critical_path(tasks: Sequence[Task]) -> float:
    """Seconds of the longest chain of tasks that need each other; `tasks` are in an order that respects needs."""
    ends: dict[str, float] = {}
    for task in tasks:
        ends[task.name] = task.seconds + max((ends[name] for name in task.needs), default=0.0)
    return max(ends.values(), default=0.0)


def play(tasks: Sequence[Task], machine: Machine) -> Outcome:
    """Play the tasks through. Raises ValueError when one needs more than the machine has."""
    return _Play(tasks, machine).run()


class _Play:
    def __init__(self, tasks: Sequence[Task], machine: Machine) -> None:
        self.machine = machine
        self.free = machine.capacity()
        if lacking := [task.name for task in tasks if task.amount > self.free[task.place]]:
            raise ValueError(f"never fits: {lacking[0]}")
        self.tasks = {task.name: task for task in tasks}
        self.missing = {task.name: len(task.needs) for task in tasks}
        self.users: dict[str, list[str]] = {task.name: [] for task in tasks}
        for task in tasks:
            for name in task.needs:
                self.users[name].append(task.name)
        self.ready: deque[str] = deque()
        self.queued: dict[str, deque[str]] = {place: deque() for place in ("gpu", "cpu", "head")}
        self.unseen: list[str] = []
        self.submitted = 0
        self.head_free_at = 0.0
        self.now, self.pause = 0.0, machine.first_look
        self.order = itertools.count()
        self.events: list[tuple[float, int, str, str]] = []
        self.outcome = Outcome()
        self.left = len(tasks)
        for task in tasks:
            if not task.needs:
                self._becomes_ready(task.name)

    def run(self) -> Outcome:
        self._plan_look()
        self._submit()
        self._start()
        while self.left:
            self.now, _, kind, name = heapq.heappop(self.events)
            if kind == "look":
                self._look()
            elif kind == "queue":
                self.queued[self.tasks[name].place].append(name)
            elif kind == "end":
                self._end(name)
            self._submit()
            self._start()
        self.outcome.seconds = self.now
        return self.outcome

    def _at(self, seconds: float, kind: str, name: str = "") -> None:
        heapq.heappush(self.events, (seconds, next(self.order), kind, name))

    def _plan_look(self) -> None:
        self._at(self.now + self.pause, "look")

    def _becomes_ready(self, name: str) -> None:
        """The head's own tasks need no submission."""
        (self.queued["head"] if self.tasks[name].place == "head" else self.ready).append(name)

    def _submit(self) -> None:
        """Hand ready tasks to the cluster, one after the other, as far as `submitted` allows."""
        while self.ready and self.submitted < self.machine.submitted:
            self.submitted += 1
            self.head_free_at = max(self.head_free_at, self.now) + self.machine.submit_seconds
            self._at(self.head_free_at, "queue", self.ready.popleft())

    def _start(self) -> None:
        for place, queue in self.queued.items():
            while queue and self.tasks[queue[0]].amount <= self.free[place]:
                task = self.tasks[queue.popleft()]
                self.free[place] -= task.amount
                self.outcome.busy[place] += task.seconds * task.amount
                extra = 0.0 if place == "head" else self.machine.start_seconds
                self._at(self.now + extra + task.seconds, "end", task.name)

    def _end(self, name: str) -> None:
        task = self.tasks[name]
        self.free[task.place] += task.amount
        if task.place == "head":
            self._done(name)
        else:
            self.unseen.append(name)

    def _look(self) -> None:
        """The head asks SLURM: what ended since the last time is now known to it."""
        self.outcome.looks += 1
        found, self.unseen = self.unseen, []
        self.pause = self.machine.first_look if found else min(self.pause + LATER, LONGEST)
        self.submitted -= len(found)
        for name in found:
            self._done(name)
        self._plan_look()

    def _done(self, name: str) -> None:
        self.left -= 1
        for user in self.users[name]:
            self.missing[user] -= 1
            if not self.missing[user]:
                self._becomes_ready(user)


def suite(configuration: Configuration, share: float) -> list[Task]:
    """The DAG of the selected papers at the configuration's scale."""
    return [task for plan in plans(configuration) for task in _paper(plan, share)]


def _paper(plan: Plan, share: float) -> Iterator[Task]:
    wanted = plan.scale.resources
    place, amount = ("gpu", 1) if wanted.gpu else ("cpu", wanted.threads)
    datasets = [*plan.scale.datasets, *(name for name in plan.scale.also if name not in plan.scale.datasets)]
    for dataset in datasets:
        yield Task(f"prepare {plan.slug} {dataset}", PREPARE_SECONDS, "cpu")
    jobs = [
        plan.job(dataset, method, seeds)
        for dataset in datasets
        for method in plan.methods(dataset)
        for seeds in plan.blocks(method)
    ]
    known = {job.name for job in jobs}
    for job in sorted(jobs, key=lambda job: job.after is not None):
        needs = [f"prepare {plan.slug} {job.dataset}"]
        before = f"{job.paper} {job.dataset} {job.after} {job.block}"
        needs += [f"train {before}"] if before in known else []
        yield Task(f"train {job.name}", _seconds(job, wanted.minutes, share), place, amount, tuple(needs))
        yield Task(f"evaluate {job.name}", EVALUATE_SECONDS, "head", needs=(f"train {job.name}",))
    ends = tuple(f"evaluate {job.name}" for job in jobs)
    yield Task(f"figures {plan.slug}", FIGURES_SECONDS, "head", needs=ends)


def _seconds(job: Job, minutes: int, share: float) -> float:
    """What was recorded, else a share of the limit."""
    cost = recorded_cost(job)
    return cost.wall_seconds if cost else share * minutes * 60


def stated_suite(papers: int = 10, datasets: int = 5, methods: int = 10, seeds: int = 5) -> list[Task]:
    """A suite of the largest size that is planned: 2,500 GPU jobs of about 12 minutes (median; a tenth over half an
    hour).
    """
    generator = random.Random(0)
    tasks: list[Task] = []
    for paper, dataset in itertools.product(range(papers), range(datasets)):
        data = f"prepare {paper} {dataset}"
        tasks.append(Task(data, PREPARE_SECONDS, "cpu"))
        for run in range(methods * seeds):
            train = f"train {paper} {dataset} {run}"
            tasks.append(Task(train, generator.lognormvariate(6.6, 0.75), needs=(data,)))
            tasks.append(Task(f"evaluate {paper} {dataset} {run}", EVALUATE_SECONDS, "head", needs=(train,)))
    return tasks


def rows(tasks: Sequence[Task], machines: Iterable[Machine]) -> Iterator[tuple[Machine, Outcome]]:
    """Each machine with its outcome."""
    for machine in machines:
        yield machine, play(tasks, machine)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="paper")
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 8, 64, 256])
    parser.add_argument("--cpus-per-gpu", type=int, default=8, help="processors of the cluster for each GPU")
    parser.add_argument("--share", type=float, default=0.5, help="of its time limit that a job without a record takes")
    parser.add_argument("--submitted", type=int, help="jobs queued or running at once; 100 (the profile) when left out")
    parser.add_argument("--stated-suite", action="store_true", help="2,500 stated GPU jobs instead of the papers")
    options = parser.parse_args()

    tasks = stated_suite() if options.stated_suite else suite(Configuration(scale=options.scale), options.share)
    counts = Counter(task.place for task in tasks)
    work = Counter[str]()
    for task in tasks:
        work[task.place] += task.seconds * task.amount
    print(f"{sum(task.name.startswith('train') for task in tasks)} training jobs, {counts['head']} light rules")
    print(f"work: {work['gpu'] / 3600:.1f} GPU-hours, {work['cpu'] / 3600:.1f} CPU-hours")
    print(f"critical path: {critical_path(tasks) / 3600:.2f} h")
    print("| GPUs | jobs at once | hours | GPUs busy | looks of the head |\n|---:|---:|---:|---:|---:|")
    machines = [
        Machine(gpus, cpus=options.cpus_per_gpu * gpus, submitted=options.submitted or 100) for gpus in options.gpus
    ]
    for machine, outcome in rows(tasks, machines):
        print(
            f"| {machine.gpus} | {machine.submitted} | {outcome.seconds / 3600:.2f} "
            f"| {outcome.utilization(machine):.0%} | {outcome.looks} |"
        )


if __name__ == "__main__":
    main()
