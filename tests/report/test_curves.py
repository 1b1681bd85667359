"""Learning curves of the report."""

from xml.etree import ElementTree

from tenfold.report.curves import curve_views
from tenfold.report.work import job_views
from tests.made_up_project import Project


def test_there_is_a_panel_for_each_data_set(finished: Project) -> None:
    panels = curve_views(finished.results(), job_views(finished.plan()))
    assert [panel.label for panel in panels] == [
        "Own data", "Films-100K (real, stand-in)", "Toy clusters (synthetic, stand-in)"
    ]  # fmt: skip
    assert panels[0].methods == ["ours", "baseline", "random"]
    ElementTree.fromstring(panels[0].svg)
    assert b"<dc:date>" not in panels[0].svg
