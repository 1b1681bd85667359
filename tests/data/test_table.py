import io

import pytest
from rich.console import Console

from tenfold.data.fetch import Outcome
from tenfold.data.table import print_table, size_in_words


def printed(*outcomes: Outcome, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_table(outcomes, console)
    return console.file.getvalue()


def test_each_data_set_has_a_line_and_what_to_do_stands_below_in_full():
    steps = "Sign the form at https://example.org/a/long/address/that/must/not/be/broken/into/lines and wait [a day]."
    text = printed(
        Outcome("beauty", "present", "research use", "mirror", 978_332),
        Outcome("yelp", "gated", "academic use", size=None, detail=steps),
        Outcome("home", "unreachable", "research use", detail="no connection to snap"),
        width=80,
    )
    header, beauty, *_ = text.splitlines()
    assert header.split() == ["data", "set", "status", "source", "used", "size", "licence"]
    assert beauty.split() == ["beauty", "present", "mirror", "978.3", "kB", "research", "use"]
    assert f"yelp gated: {steps}\n" in text
    assert "home unreachable: no connection to snap\n" in text


def test_names_and_licences_are_never_read_as_markup():
    assert "[red]L[/]" in printed(Outcome("a", "fetched", "[red]L[/]", "url: [x]", 1))


@pytest.mark.parametrize(
    ("size", "words"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
     (2_130_151, "2.1 MB"), (5 * 10**12, "5.0 TB"), (10**16, "10000.0 TB")],
)  # fmt: skip
def test_sizes_are_given_in_powers_of_a_thousand(size, words):
    assert size_in_words(size) == words
