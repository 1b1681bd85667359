"""DVC and Snakemake agree: about what is stale, after a rebuild by either, on another machine, back in time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from dvc.repo import Repo

from tests.conftest import REPOSITORY
from tests.workflow.conftest import Project

# One worker runs all of them: the project is built once.
pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("versions"), pytest.mark.timeout(1800)]

DATASETS = """
measured:
  title: Measured points
  licence: for this laboratory only
  sources: [{type: local, path: mine, files: [{path: measured.csv}], reader: points.csv}]
open:
  title: Points for everybody
  licence: CC0
  redistributable: true
  sources: [{type: local, path: mine, files: [{path: open.csv}], reader: points.csv}]
far:
  title: Points behind a form
  licence: a signature
  gated: Fill in the form of the far away institute.
  sources: [{type: mirror, files: [{path: far.csv}], reader: points.csv}]
lost:
  title: Points that nobody has
  licence: unknown
  sources: [{type: mirror, files: [{path: lost.csv}], reader: points.csv}]
"""

READ = """    if task.raw is not None:
        table = np.concatenate([np.loadtxt(path, delimiter=",") for path in sorted(task.raw.glob("*.csv"))])
        train = np.arange(len(table)) < len(table) * 4 // 5
        return Prepared({"inputs": table[:, :3], "targets": table[:, 3], "train": train}, {"samples": len(table)})
"""

SAMPLES = 60


class VersionedProject(Project):
    """A project under git and DVC."""

    def dvc(self, *arguments: str) -> str:
        answer = self.run("dvc", *arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    def git(self, *arguments: str) -> None:
        answer = self.run("git", *arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def stale(self) -> set[str]:
        """Stages that `dvc status` lists; DVC names them as seen from the working folder."""
        with contextlib.chdir(self.root), Repo() as repo:
            return set(repo.status())

    def nothing_to_do(self, target: str = "all") -> bool:
        """Whether Snakemake says so."""
        answer = self.build("-n", target)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return "Nothing to be done" in answer.stdout + answer.stderr

    def copy(self, root: Path) -> VersionedProject:
        shutil.copytree(self.root, root, symlinks=True)
        return VersionedProject(root)


def points(seed: int) -> str:
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(SAMPLES, 3))
    targets = inputs @ [1.0, -2.0, 0.5] + 0.1 * generator.normal(size=SAMPLES)
    return "".join(",".join(map(repr, row.tolist())) + "\n" for row in np.column_stack([inputs, targets]))


@pytest.fixture(scope="module")
def unbuilt(empty_project, tmp_path_factory):
    """toy-a on raw data that may not be shared, toy-b on raw data that may; nothing built."""
    project = VersionedProject(empty_project.copy(tmp_path_factory.mktemp("versions") / "project").root)
    for name in (".dvcignore", ".gitignore"):
        shutil.copy(REPOSITORY / name, project.root / name)
    for name in ("config", ".gitignore", "plots"):
        source, target = REPOSITORY / ".dvc" / name, project.root / ".dvc" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (project.root / "mine").mkdir()
    for seed, name in enumerate(("measured", "open")):
        (project.root / "mine" / f"{name}.csv").write_text(points(seed))
    (project.root / "config" / "datasets.yaml").write_text(DATASETS)
    for module, slug in (("toy_a", "toy-a"), ("toy_b", "toy-b")):
        prepare = f"src/tenfold/papers/{module}/prepare.py"
        project.replace(prepare, "    generator = np.random", READ + "    generator = np.random")
        project.replace(f"config/papers/{slug}.yaml", "    prepare: {samples: 200}\n", "    raw: RAW\n" + MORE)
    project.replace("config/papers/toy-a.yaml", "RAW", "measured")
    project.replace("config/papers/toy-b.yaml", "RAW", "open")
    project.replace(
        "config/papers/toy-a.yaml", "datasets: [plane],", "datasets: [plane], also: [far, lost], only: {far: [plain]},"
    )
    project.replace("config/papers/toy-b.yaml", "methods: [plain, decay],", "methods: [plain],")
    project.replace("config/suite.yaml", "scale: quick", "scale: smoke")
    assert project.run("tenfold", "versions").returncode == 0
    project.git("init", "--quiet")
    (project.root / ".git" / "info" / "exclude").write_text("mine/\n")
    for key, value in (("user.name", "Ada Example"), ("user.email", "ada@example.org"), ("commit.gpgsign", "false")):
        project.git("config", key, value)
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Start")
    return project


MORE = f"""  far: {{title: Far away, kind: paper, raw: far, statistics: {{samples: {SAMPLES}}}}}
  lost: {{title: Lost, kind: paper, raw: lost, statistics: {{samples: {SAMPLES}}}}}
"""


@pytest.fixture(scope="module")
def gated_files(tmp_path_factory):
    """What a person got from the far away institute."""
    folder = tmp_path_factory.mktemp("downloads")
    (folder / "far.csv").write_text(points(7))
    return folder


@pytest.fixture(scope="module")
def rebuilt(unbuilt, gated_files, tmp_path_factory):
    """Built from nothing by `dvc repro`, with a gated data set that a person placed by hand."""
    project = unbuilt.copy(tmp_path_factory.mktemp("rebuilt") / "project")
    assert project.run("tenfold", "data", "adopt", "far", str(gated_files)).returncode == 0
    project.dvc("repro")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "Build")
    return project


@pytest.fixture(scope="module")
def remote(rebuilt, tmp_path_factory):
    """A folder that everything was pushed to."""
    folder = tmp_path_factory.mktemp("remote")
    rebuilt.dvc("remote", "add", "--local", "--default", "shared", str(folder))
    rebuilt.dvc("push")
    return folder


@pytest.fixture
def project(rebuilt, tmp_path):
    return rebuilt.copy(tmp_path / "project")


def contents(project: Project) -> dict[str, str]:
    """Name -> digest of every file under data/raw, data/prepared and results/smoke that is versioned."""
    return {
        path.relative_to(project.root).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
        for folder in ("data/raw", "data/prepared", "results/smoke")
        for path in sorted((project.root / folder).rglob("*"))
        if path.is_file() and not {"logs", "benchmarks"} & set(path.parts) and not path.name.startswith(".")
    }


def table_cells(line: str) -> list[str]:
    """Cells of a row that the terminal shows; empty where the line is none."""
    return [cell.strip() for cell in line.rstrip()[1:-1].split("│")] if line.startswith("│") else []


def test_dvc_repro_from_nothing_builds_the_suite_and_leaves_snakemake_nothing_to_do(rebuilt):
    assert (rebuilt.root / "results" / "smoke" / "report" / "index.html").exists()
    assert "far" in rebuilt.metrics("toy-a").decode()
    assert rebuilt.nothing_to_do()
    assert rebuilt.stale() == set()
    assert "Data and pipelines are up to date" in rebuilt.dvc("repro")


def test_data_that_the_scale_can_do_without_may_be_absent(rebuilt):
    assert list((rebuilt.root / "data" / "raw" / "lost").iterdir()) == []
    assert "lost" not in rebuilt.metrics("toy-a").decode()


def test_after_snakemake_ran_first_dvc_commit_agrees(project):
    project.replace("config/papers/toy-b.yaml", "direction: lower", "direction: higher")
    answer = project.build("toy-b")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert project.stale() == {"reproduce-toy-b", "report"}
    project.dvc("commit", "--force", "reproduce-toy-b")
    assert project.stale() == {"report"}
    assert project.nothing_to_do("toy-b")
    # Back to the last version: Snakemake's memory of the newer one does not make it run anything.
    project.git("checkout", "--quiet", ".")
    project.dvc("checkout")
    assert project.stale() == set()
    assert project.nothing_to_do()


@pytest.mark.parametrize(
    ("path", "old", "new", "stale"),
    [
        ("config/papers/toy-a.yaml", "weight_decay: 0.5", "weight_decay: 0.6", {"reproduce-toy-a", "report"}),
        ("src/tenfold/papers/toy_a/train.py", "Fit one plane", "Fit a plane", {"reproduce-toy-a"}),
        ("src/tenfold/papers/toy_a/README.md", "toy-a", "the toy", set()),
        (
            "src/tenfold/training/loop.py",
            "from __future__",
            "\nfrom __future__",
            {"reproduce-toy-a", "reproduce-toy-b"},
        ),
        ("config/suite.yaml", "device: auto", "device: cpu", set()),
    ],
)
def test_a_change_makes_only_the_stages_stale_that_it_concerns(project, path, old, new, stale):
    project.replace(path, old, new)
    found = project.stale()
    assert found - {"report"} == stale - {"report"}
    assert ("report" in found) >= ("report" in stale)


def test_a_changed_byte_of_a_raw_file_is_seen_by_both_and_repaired(project):
    raw = project.root / "data" / "raw" / "measured" / "measured.csv"
    good = raw.read_bytes()
    raw.write_bytes(good.replace(good[:1], b"9", 1) if good[:1] != b"9" else b"8" + good[1:])
    assert project.stale() == {"data-unshared@measured", "reproduce-toy-a"}
    planned = project.planned()
    assert ("prepare", "toy-a plane") in planned
    assert ("train", "toy-a plane plain 0-1") in planned
    assert not any("toy-b" in wildcards or "far" in wildcards for _, wildcards in planned)
    project.dvc("repro")
    assert raw.read_bytes() == good
    assert project.stale() == set()


def test_a_changed_byte_of_data_that_no_source_serves_again_is_an_error_that_says_what_to_do(project):
    (project.root / "data" / "raw" / "far" / "far.csv").write_text(points(8))
    answer = project.run("dvc", "repro")
    assert answer.returncode != 0
    assert "`dvc checkout data/raw/far` brings the last version back" in answer.stdout + answer.stderr
    project.dvc("checkout", "--force", "data/raw/far")
    assert project.stale() == set()


def test_what_may_not_be_shared_is_never_pushed(rebuilt, remote):
    pushed = {path.parent.name + path.name for path in remote.rglob("*") if path.is_file()}
    found = contents(rebuilt)
    shared = {name: digest in pushed for name, digest in found.items()}
    assert shared["data/raw/open/open.csv"]
    assert shared["data/prepared/smoke/toy-b/plane/data.npz"]
    assert all(shared[name] for name in found if name.startswith("results/"))
    unshared = [
        name for name in found if name.startswith(("data/raw/measured", "data/raw/far", "data/prepared/smoke/toy-a"))
    ]
    assert len(unshared) >= 6
    assert not any(shared[name] for name in unshared)


def test_after_a_wipe_dvc_pull_brings_everything_back_and_nothing_reruns(project, remote):
    before = contents(project)
    for folder in ("data/raw", "data/prepared", "results"):
        shutil.rmtree(project.root / folder)
    project.dvc("pull")
    assert contents(project) == before
    assert project.nothing_to_do()
    assert project.stale() == set()


def test_a_second_machine_gets_results_without_computing(rebuilt, remote, tmp_path):
    clone = VersionedProject(tmp_path / "clone")
    rebuilt.git("clone", "--quiet", str(rebuilt.root), str(clone.root))

    # A commit alone, without a remote: what its results were made from is known, but they are not there.
    alone = clone.run("tenfold", "pull")
    assert alone.returncode == 5
    assert alone.stderr.startswith("tenfold: no DVC remote is set")
    assert alone.stderr.count("\n") == 1
    checked = clone.run("tenfold", "versions", "--check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr
    clone.replace("src/tenfold/papers/toy_a/train.py", "Fit one plane", "Fit a plane")
    checked = clone.run("tenfold", "versions", "--check")
    assert checked.returncode == 0
    assert "dvc.lock is older than the code of reproduce-toy-a (src/tenfold/papers/toy_a)" in checked.stdout
    clone.git("checkout", "--quiet", ".")

    clone.dvc("remote", "add", "--local", "--default", "shared", str(remote))
    refused = clone.run("dvc", "pull")
    assert refused.returncode != 0
    assert "data/raw/measured" in refused.stderr

    answer = clone.run("tenfold", "pull")
    assert answer.returncode == 0, answer.stderr
    assert "raw data measured is not here" in answer.stdout
    assert "`tenfold data fetch measured`" in answer.stdout
    assert "raw data far is not here" in answer.stdout
    assert "Fill in the form of the far away institute." in answer.stdout
    assert "prepared data of toy-a is not here" in answer.stdout

    results = {name: digest for name, digest in contents(rebuilt).items() if name.startswith("results/")}
    assert {name: d for name, d in contents(clone).items() if name.startswith("results/")} == results
    assert clone.nothing_to_do()

    # What its licence kept away is obtained here, and only prepared: no result is computed again.
    shutil.copytree(rebuilt.root / "mine", clone.root / "mine")
    shutil.copytree(rebuilt.root / "data" / "raw" / "far", tmp_path / "far")
    assert clone.run("tenfold", "data", "adopt", "far", str(tmp_path / "far")).returncode == 0
    assert clone.run("tenfold", "data", "fetch", "measured").returncode == 0
    assert clone.build("prepared").returncode == 0
    assert clone.nothing_to_do()
    assert contents(clone) == contents(rebuilt)
    clone.dvc("commit")
    assert clone.stale() == set()
    clone.replace("config/papers/toy-a.yaml", "weight_decay: 0.5", "weight_decay: 0.6")
    assert {wildcards for rule, wildcards in clone.planned() if rule == "train"} == {"toy-a plane decay 0-1"}


def test_an_experiment_with_another_scale_and_other_seeds(project):
    changes = ("--set-param", "config/suite.yaml:scale=quick", "--set-param", "config/suite.yaml:seeds=[7]")
    project.dvc("exp", "run", *changes, "reproduce-toy-b")
    runs = project.root / "results" / "quick" / "toy-b" / "runs" / "plane" / "plain"
    assert [path.name for path in runs.iterdir()] == ["7"]
    assert "reproduce-toy-b" not in project.stale()
    shown = json.loads(project.dvc("metrics", "diff", "--json"))
    assert shown["results/quick/toy-b/headline.json"]["means.plane.plain.mse"]["new"] > 0
    project.git("checkout", "--quiet", ".")
    project.dvc("checkout")
    assert project.stale() == set()


def test_metrics_and_learning_curves_are_shown(project):
    shown = project.dvc("metrics", "show", "--json")
    headline = json.loads(shown)[""]["data"]["results/smoke/toy-b/headline.json"]["data"]
    rows = [line.split(",") for line in project.metrics("toy-b").decode().splitlines()[1:]]
    values = [float(row[-1]) for row in rows if row[3] == "plain"]
    assert headline["means"]["plane"]["plain"]["mse"] == pytest.approx(np.mean(values))
    assert headline["verdicts"].keys() == {"C1"}
    plots = json.loads(project.dvc("plots", "show", "--json"))
    (plot,) = plots["data"]["results/smoke/toy-b/curves.csv"]
    assert plot["content"]["facet"]["field"] == "panel"
    points = plot["content"]["data"]["values"]
    assert {point["method"] for point in points} == {"plain"}
    assert sorted({int(point["step"]) for point in points}) == [1, 2, 3, 4, 5]


def test_verify_says_whether_the_results_are_those_of_the_reference(project):
    """That a rebuild is the same byte for byte is tested in test_rebuild.py, and for each paper in its conformance."""
    reference = project.root / "results" / "reference" / "smoke"
    for paper in ("toy-a", "toy-b"):
        (reference / paper).mkdir(parents=True)
        (reference / paper / "metrics.csv").write_bytes(project.metrics(paper))
    equal = project.run("tenfold", "verify", COLUMNS="200")
    assert equal.returncode == 0, equal.stdout + equal.stderr
    metrics = project.root / "results" / "smoke" / "toy-a" / "metrics.csv"
    first, _, value = metrics.read_text().splitlines()[1].rpartition(",")
    project.replace("results/smoke/toy-a/metrics.csv", f"{first},{value}", f"{first},{2 * float(value)!r}")
    shutil.rmtree(project.root / "results" / "smoke" / "toy-b")
    different = project.run("tenfold", "verify", COLUMNS="200")
    assert different.returncode == 5
    rows = {cells[0]: cells for line in different.stdout.splitlines() if (cells := table_cells(line))}
    assert rows["toy-a"][2:5] == ["", "1", ""]  # within tolerance, different, missing
    assert rows["toy-b"][-1] == "not built"


def test_a_gated_data_set_is_refused_when_its_statistics_are_wrong(project, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    (few / "lost.csv").write_text("".join(points(9).splitlines(keepends=True)[:50]))
    answer = project.run("tenfold", "data", "adopt", "lost", str(few))
    assert answer.returncode == 3
    assert f"toy-a lost: samples 50, not as reported ({SAMPLES})" in answer.stderr
    assert project.stale() == set()
    assert project.run("tenfold", "data", "adopt", "lost", str(few), "--accept").returncode == 0
    assert project.stale() == {"data-unshared@lost", "reproduce-toy-a"}
    project.dvc("commit", "--force", "data-unshared@lost")
    assert project.stale() == {"reproduce-toy-a"}


def test_dvc_does_not_run_stages_that_the_configuration_no_longer_asks_for(project):
    project.replace("config/suite.yaml", "papers: all", "papers: [toy-a]")
    answer = project.run("dvc", "repro", "--force", "--single-item", "reproduce-toy-a")
    assert answer.returncode != 0
    assert "run `tenfold versions`" in answer.stdout + answer.stderr
    assert project.run("tenfold", "versions", "--check").returncode == 2
    assert project.run("tenfold", "versions").returncode == 0
    assert "reproduce-toy-b" not in project.dvc("stage", "list", "--name-only")
    assert "reproduce-toy-b" not in (project.root / "dvc.lock").read_text()
