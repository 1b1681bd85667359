"""The static site as a whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from tenfold import paths
from tenfold.errors import ConfigError
from tenfold.files import write_json
from tenfold.plotting import figure
from tenfold.report.site import build
from tests.made_up_project import CLAIMS, PAPER, SCALE, Project

VOID = {"meta", "link", "img", "br", "hr", "input", "use", "path", "circle", "line", "rect"}
LOADED = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "use": "href",
    "object": "data",
}


class Page(HTMLParser):
    """Tags of a page; complains about tags that are closed wrongly."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute of <{tag}> is given twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes another tag"

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pages(index: Path) -> Iterator[Page]:
    for path in sorted(index.parent.rglob("*.html")):
        yield Page(path)


@pytest.fixture(scope="session")
def built_tree(tmp_path_factory: pytest.TempPathFactory, finished_tree: Path) -> Path:
    """A project folder with a site; one job has failed and one figure was never drawn. Made once, to be copied."""
    root = tmp_path_factory.mktemp("built")
    shutil.copytree(finished_tree, root, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patched:
        project = Project(root, patched)
        failed = project.jobs()[-1]
        shutil.rmtree(failed.directory)
        project.fail(failed, "loss is not a number at step 7; lower `learning_rate`")
        project.collect()
        build(project.configuration, SCALE)
    return root


@pytest.fixture
def built(project: Project, built_tree: Path) -> Path:
    """Front page of the site of such a project."""
    shutil.copytree(built_tree, project.root, dirs_exist_ok=True)
    return paths.report(SCALE) / "index.html"


def paper_page(index: Path) -> Page:
    return Page(index.parent / "papers" / "made-up.html")


def test_links_and_images_lead_to_files_and_anchors_of_the_site(built: Path) -> None:
    found = {page.path: page for page in pages(built)}
    checked = 0
    for page in found.values():
        for tag, attributes in page.tags:
            address = attributes.get("href" if tag in ("a", "link", "use") else "src")
            if not address or urlsplit(address).scheme in ("http", "https"):
                continue
            target = (
                (page.path.parent / unquote(urlsplit(address).path)).resolve() if urlsplit(address).path else page.path
            )
            assert target.is_file(), address
            assert target.is_relative_to(built.parent)
            if urlsplit(address).fragment:
                assert urlsplit(address).fragment in found[target].ids, address
            checked += 1
    assert checked > 30


def test_nothing_is_loaded_from_a_network(built: Path) -> None:
    for page in pages(built):
        for tag, attributes in page.tags:
            if tag in LOADED:
                assert "//" not in str(attributes.get(LOADED[tag], "")), attributes
    for path in (built.parent / "static").iterdir():
        text = path.read_text()
        assert "@import" not in text
        assert "fetch(" not in text
        assert not [line for line in text.splitlines() if "http" in line and "xmlns" not in line]


def test_ids_are_unique_and_every_image_has_words(built: Path) -> None:
    for page in pages(built):
        assert len(set(page.ids)) == len(page.ids)
        assert all(image.get("alt") for image in page.all("img"))
        assert all(drawing.get("role") == "img" or drawing.get("aria-hidden") for drawing in page.all("svg"))


def test_every_table_has_a_caption_and_scoped_headers(built: Path) -> None:
    for page in pages(built):
        tags = [tag for tag, _ in page.tags]
        assert tags.count("caption") == tags.count("table")
        assert all(cell.get("scope") for cell in page.all("th"))


def test_the_front_page_shows_each_verdict_and_links_to_its_claim(built: Path) -> None:
    front = Page(built)
    chips = [a for a in front.all("a") if "chip" in str(a.get("class")).split()]
    verdicts = [(str(a["class"]).split()[1], str(a["href"])) for a in chips]
    assert verdicts == [
        ("v-reproduced", "papers/made-up.html#claim-C1"),
        ("v-contradicted", "papers/made-up.html#claim-C2"),
        ("v-untested", "papers/made-up.html#claim-C3"),
        ("v-pending", "papers/made-up.html#claim-S1"),
    ]
    assert "ours" in str(chips[-1]["class"])
    assert "1 paper, 4 claims" in front.text


def test_a_paper_s_page_shows_effects_intervals_and_sides(built: Path) -> None:
    text = paper_page(built).text
    assert "+0.11 [0.07, 0.15] 3 pairs · p = 0.12 · margin 0.01" in text
    assert "OURS 0.52 · Baseline 0.41" in text
    assert "−0.4 [−0.6, −0.2]" in text
    assert "p < 0.001 for the opposite" in text
    assert "it needs people" in text
    assert "3 pairs lack a partner" in text


def test_failures_are_shown_on_both_pages(built: Path) -> None:
    for page in (Page(built), paper_page(built)):
        assert "RunFailed loss is not a number at step 7; lower learning_rate" in page.text
        assert "toy · random · seeds 0" in page.text
        assert "1 March 2025, 11:00 UTC" in page.text


def test_tables_stand_with_reported_numbers_beside_measured_ones(built: Path) -> None:
    text = paper_page(built).text
    assert "0.5100 ± 0.0100 0.5000 / 0.4800" in text
    assert "Films-100K (real, stand-in)" in text
    assert "none (stand-in)" in text
    assert "Reported numbers on data sets that were not run" in text


def test_figures_have_their_files_label_and_command_and_absent_ones_say_so(built: Path) -> None:
    page = paper_page(built)
    links = [str(a["href"]) for a in page.all("a")]
    assert {"made-up/figures/bars.pdf", "made-up/figures/bars.png", "made-up/tables/main.csv"} <= set(links)
    assert "real stand-in Films-100K" in page.text
    assert "tenfold figures made-up --scale tiny" in page.text
    assert "This figure is not there yet." in page.text


def with_a_film(project: Project) -> Page:
    """The paper's page when figure `bars` moves too: 5 frames of 30 x 20 pixels."""
    results = project.results()
    results.save_figure("bars", figure()[0], datasets=["own"])
    results.save_film("bars", np.arange(5 * 20 * 30 * 3).reshape(5, 20, 30, 3).astype(np.uint8))
    return paper_page(build(project.configuration, SCALE))


def test_the_film_of_a_figure_is_shown_below_it_and_linked(finished: Project) -> None:
    page = with_a_film(finished)
    shown = [a for a in page.all("img") if str(a["src"]).endswith(".gif")]
    assert [(a["src"], a["width"], a["height"]) for a in shown] == [("made-up/figures/bars.gif", "30", "20")]
    assert "made-up/figures/bars.png" in [a["src"] for a in page.all("img")]
    assert (page.path.parent / "made-up" / "figures" / "bars.gif").is_file()
    assert [a["href"] for a in page.all("a")].count("made-up/figures/bars.gif") == 2
    assert {"class": "film", "open": None} in page.all("details")  # what moves can be folded away


def test_a_film_is_left_out_on_paper_and_where_motion_is_not_wanted(finished: Project) -> None:
    style = (with_a_film(finished).path.parent.parent / "static" / "site.css").read_text()
    assert "@media (prefers-reduced-motion: reduce) { .film { display: none; } }" in style
    printed = style[style.index("@media print") :]
    assert ".film" in printed[: printed.index("display: none")]


def test_a_damaged_film_is_left_out(finished: Project) -> None:
    (finished.folder() / "figures" / "bars.gif").write_bytes(b"no film")
    page = paper_page(build(finished.configuration, SCALE))
    assert "made-up/figures/bars.png" in [a["src"] for a in page.all("img")]
    assert not [a for a in page.all("img") if str(a["src"]).endswith(".gif")]


def test_data_cost_and_provenance_are_shown_without_the_node_s_name(built: Path) -> None:
    text = paper_page(built).text
    assert "package made-up 1.0" in text
    assert "CC BY 4.0" in text
    assert "users 99 100 −1 %" in text
    assert "Not present, so not run. To get it: Fill in the form." in text
    assert "8 of 9 jobs finished: 1 min 40 s of CPU time" in text
    assert "torch 2.13.0" in text
    assert "data-films" in text
    assert "snakemake --cores all made-up --config scale=tiny" in text
    assert "@inproceedings{example2023," in text
    for path in built.parent.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"secret-node" not in content
            assert str(paths.ROOT).encode() not in content


def test_the_same_files_give_the_same_bytes(built: Path, project: Project) -> None:
    def snapshot() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in built.parent.rglob("*") if path.is_file()}

    first = snapshot()
    for path in first:
        path.unlink()
    build(project.configuration, SCALE)
    assert snapshot() == first


def test_leftovers_of_an_earlier_build_are_removed(built: Path, project: Project) -> None:
    left = built.parent / "papers" / "dropped" / "figures" / "old.png"
    left.parent.mkdir(parents=True)
    left.touch()
    unchanged = (built.parent / "static" / "site.css").stat().st_mtime_ns
    build(project.configuration, SCALE)
    assert not (built.parent / "papers" / "dropped").exists()
    assert (built.parent / "static" / "site.css").stat().st_mtime_ns == unchanged


def test_a_project_without_any_result_has_a_site(project: Project) -> None:
    project.add_paper(PAPER | {"slug": "other", "claims": [], "figures": {}, "tables": {}, "deviations": []})
    index = build(project.configuration, SCALE)
    front, page = Page(index), paper_page(index)
    assert "2 papers, 4 claims" in front.text
    assert front.text.count("0 of 9 jobs") == 2
    assert "Nothing is measured yet." in page.text
    assert "No job has finished." in page.text
    assert "it needs people" in page.text  # known before anything ran
    assert Page(index.parent / "papers" / "other.html").ids


def test_damaged_files_are_named_and_the_rest_is_shown(finished: Project) -> None:
    (finished.folder() / "claims.json").write_text("[{")
    (finished.folder() / "metrics.csv").write_text("nonsense\n1\n")
    (finished.folder() / "figures" / "bars.png").write_bytes(b"no image")
    (finished.jobs()[0].directory / "run.json").write_text("{")
    text = paper_page(build(finished.configuration, SCALE)).text
    assert "results/tiny/made-up/claims.json cannot be read" in text
    assert "results/tiny/made-up/metrics.csv: columns are" in text
    assert "results/tiny/made-up/runs/own/ours/0-2/run.json cannot be read" in text
    assert "8 of 9 jobs finished" in text


def test_a_run_under_way_is_neither_finished_nor_failed(project: Project) -> None:
    (project.jobs()[0].directory / "unfinished").mkdir(parents=True)
    assert "own ours 0-2 started" in paper_page(build(project.configuration, SCALE)).text


def test_a_failure_that_was_mended_is_not_shown(project: Project) -> None:
    project.fail(project.jobs()[0])
    project.finish(project.jobs()[0])
    page = paper_page(build(project.configuration, SCALE))
    assert "failures" not in page.ids


def test_texts_from_settings_and_results_are_escaped(project: Project) -> None:
    hostile = "<script>alert(1)</script>"
    records = json.loads(json.dumps(CLAIMS))
    records[0]["reason"] = records[0]["comparisons"][0]["text"] = hostile
    project.add_paper(PAPER | {"title": hostile, "summary": hostile, "bibtex": hostile})
    project.build_all()
    project.fail(project.jobs()[0], hostile)
    (project.jobs()[0].directory / "run.json").unlink()
    write_json(project.folder() / "claims.json", records)
    index = build(project.configuration, SCALE)
    scripts = {index: ["static/site.js"], paper_page(index).path: ["../static/site.js"]}
    for page in pages(index):
        assert [script.get("src") for script in page.all("script")] == scripts.get(page.path, [])


def test_verdicts_and_tables_also_come_as_pages_that_need_no_other_file(built: Path) -> None:
    verdicts, sheet = Page(built.parent / "verdicts.html"), Page(built.parent / "sheets" / "made-up.html")
    for page in (verdicts, sheet):
        assert "C1 Ours beats the baseline OURS is better. reproduced the interval lies above the margin" in page.text
        assert "C3 Users like it People were asked. not tested it needs people" in page.text
        loaded = [attributes[LOADED[tag]] for tag, attributes in page.tags if tag in LOADED]
        assert all(str(address).startswith("#") for address in loaded)
        assert page.all("a") == []
        assert len(page.all("style")) == 1
    assert "Main results" in sheet.text
    assert "0.4100 ± 0.0100" in sheet.text


def test_a_claim_id_with_odd_characters_can_be_linked(project: Project) -> None:
    claims = [PAPER["claims"][2] | {"id": "C 1/β"}]
    project.add_paper(PAPER | {"claims": claims})
    index = build(project.configuration, SCALE)
    (chip,) = [a for a in Page(index).all("a") if "chip" in str(a.get("class")).split()]
    assert str(chip["href"]).partition("#")[2] in paper_page(index).ids


def test_an_unknown_scale_is_a_configuration_error(project: Project) -> None:
    with pytest.raises(ConfigError, match="unknown scale 'huge'"):
        build(project.configuration, "huge")


def test_a_sweep_without_a_test_split_points_to_its_file(finished: Project) -> None:
    path = finished.folder() / "metrics.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "\n".join([lines[0], *(line.replace(",test,", f",width-{n},") for n, line in enumerate(lines[1:]))])
    )
    text = paper_page(build(finished.configuration, SCALE)).text
    assert "Nothing is measured yet." not in text
    splits = len({line.split(",")[5] for line in path.read_text().splitlines()[1:]})
    assert f"metrics.csv holds every seed and all {splits} splits." in text


def test_every_split_of_a_few_has_its_table(built: Path) -> None:
    text = paper_page(built).text
    assert "measured and reported: split test" in text
    assert "measured and reported: split validation" in text
