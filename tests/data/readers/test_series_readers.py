"""Readers of labelled series on small files of the published layouts."""

import gzip
import io
import json
import pickle
import tarfile
import uuid
import zipfile

import numpy as np
import pytest

from tenfold.config import Configuration, RawDataset
from tenfold.data.fetch import adopt, fetch
from tenfold.data.pickles import read_pickled
from tenfold.data.readers import kpi, read, series, yahoo
from tenfold.errors import DataError
from tests.data.conftest import raw_dataset, sha256

CURVES = ("05f10d3a-239c-3bef-9bdc-a2feeb0037aa", "0efb375b-b902-3661-ab23-9a0bb799f4e3")


def write(path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


# ------------------------------------------------------------------------------------------------- tables


def test_a_table_of_ones_own_becomes_series_in_the_order_of_the_file(tmp_path):
    write(
        tmp_path / "x.csv",
        "when,id,v,bad\n2020-01-01T00:00,b/1,1,0\n2020-01-01T01:00Z,a,7,1\n2020-01-01 02:00,b/1,,1\n",
    )
    found = series.csv(
        tmp_path, file="x.csv", series="id", time="when", time_format="iso", value="v", label="bad"
    )  # fmt: skip
    assert list(found.names) == ["b/1", "a"]
    assert list(found.groups) == ["b", "a"]
    assert list(found.values) == [1, 1, 7]  # the empty value takes the nearest
    assert list(found.timestamps - 1577836800) == [0, 7200, 3600]
    assert list(found.labels) == [0, 1, 1]


def test_a_table_without_labels_is_one_series_of_unknown_labels(tmp_path):
    write(tmp_path / "mine.csv", "timestamp,value\n10,1.5\n20,2.5\n")
    found = series.csv(tmp_path, file="mine.csv", label=None)
    assert (list(found.names), list(found.labels)) == (["mine"], [-1, -1])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,x,0\n", r"line 2: value: 'x' is not a finite number"),
        ("1,2,2\n", r"line 2: label: '2' is neither 0 nor 1"),
        ("1,2,0\nsoon,2,0\n", r"line 3: timestamp: 'soon'"),
        ("1,,0\n", "has no value"),
    ],
)
def test_a_table_with_something_else_than_numbers_is_refused(tmp_path, rows, message):
    write(tmp_path / "x.csv", "timestamp,value,label\n" + rows)
    with pytest.raises(DataError, match=message):
        series.csv(tmp_path, file="x.csv")


def test_a_split_is_train_or_test(tmp_path):
    write(tmp_path / "x.csv", "s,part,timestamp,value,label\na,dev,1,2,0\n")
    with pytest.raises(DataError, match="line 2: part: 'dev' is neither train nor test"):
        series.csv(tmp_path, file="x.csv", series="s", split="part")


def test_microsofts_folder_of_files_is_read_with_either_way_of_quoting(tmp_path):
    write(
        tmp_path / "data/a/s-02.csv",
        '"TimeStamp","Value","Label"\n"2018-07-03 14:00:00",1,1\n"2018-07-03 15:00:00",,0\n',
    )
    write(tmp_path / "data/a/s-01.csv", "TimeStamp,Value,Label\n2018-07-03 14:00:00,5,0\n")
    found = series.microsoft_cloud(tmp_path)
    assert list(found.names) == ["a/s-01", "a/s-02"]
    assert set(found.groups) == {"a"}
    assert list(found.values) == [5, 1, 1]
    assert list(found.labels) == [0, 1, 0]


def nab_folder(tmp_path):
    rows = "".join(f"2014-02-14 14:{minute:02}:00,{minute}\n" for minute in range(0, 60, 10))
    write(tmp_path / "data/realX/one.csv", "timestamp,value\n" + rows)
    windows = {"realX/one.csv": [["2014-02-14 14:10:00.000000", "2014-02-14 14:30:00.000000"]], "art/other.csv": []}
    write(tmp_path / "combined_windows.json", json.dumps(windows))
    write(tmp_path / "combined_labels.json", json.dumps({"realX/one.csv": ["2014-02-14 14:20:00"]}))


def test_nab_marks_windows_with_both_ends_or_the_labelled_instants(tmp_path):
    nab_folder(tmp_path)
    assert list(series.nab(tmp_path).labels) == [0, 1, 1, 1, 0, 0]
    assert list(series.nab(tmp_path, labels="combined_labels.json").labels) == [0, 0, 1, 0, 0, 0]


def test_nab_without_labels_for_a_file_is_refused(tmp_path):
    nab_folder(tmp_path)
    write(tmp_path / "combined_windows.json", "{}")
    with pytest.raises(DataError, match=r"no labels for realX/one\.csv"):
        series.nab(tmp_path)


# --------------------------------------------------------------------------------------------------- KPI


def kpi_folder(tmp_path) -> None:
    rows = [("16.10", 60 * i, i, int(i == 3)) for i in range(4)] + [("16.1", 60 * i, -i, 0) for i in range(3)]
    write(
        tmp_path / f"{CURVES[0]}.csv.gz",
        "segment,timestamp,value,label\n" + "".join(f"{s},{t},{v},{y}\n" for s, t, v, y in rows),
    )
    write(
        tmp_path / "index.csv",
        "curve,segment,official_name,split,n,n_official,n_filled,n_anomaly,interval_s\n"
        f"{CURVES[0]},16.1,x,test,3,3,0,0,60\n{CURVES[0]},16.10,x,train,4,4,0,1,60\n",
    )


def test_segment_keys_are_text_and_the_index_gives_order_and_split(tmp_path):
    kpi_folder(tmp_path)
    found = kpi.cut_segments(tmp_path)
    assert list(found.names) == [f"{CURVES[0]}/16.1", f"{CURVES[0]}/16.10"]
    assert list(found.splits) == ["test", "train"]
    assert list(found.lengths) == [3, 4]
    assert set(found.groups) == {CURVES[0]}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("16.1,x,test,3", "16.1,x,test,2", "segment 16.1 has 3 points, 0 of them anomalous; the index says 2 and 0"),
        ("4,4,0,1,60", "4,4,0,2,60", "4 points, 1 of them anomalous; the index says 4 and 2"),
        ("16.1,x", "16.2,x", "has no segment 16.2"),
    ],
)
def test_an_index_that_says_otherwise_than_the_files_is_refused(tmp_path, old, new, message):
    kpi_folder(tmp_path)
    index = tmp_path / "index.csv"
    index.write_text(index.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=message):
        kpi.cut_segments(tmp_path)


class Reduced(uuid.UUID):
    """A UUID that is pickled as the archive's are: an object with its integer as state."""


def pickled_identifiers(names) -> bytes:
    return pickle.dumps(np.array([uuid.UUID(name) for name in names], dtype=object).reshape(1, -1), protocol=4)


def archive(path, rows: list[tuple[str, int, float, int]]) -> None:
    """The challenge's test curves in the layout that pandas gives a table in HDF5."""
    h5py = pytest.importorskip("h5py")
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        group = file.create_group("data")
        group.attrs["nblocks"] = 3
        for number, (names, values) in enumerate(
            [
                ([b"value"], np.array([[row[2]] for row in rows])),
                ([b"timestamp", b"label"], np.array([[row[1], row[3]] for row in rows])),
            ]
        ):
            group[f"block{number}_items"] = np.array(names)
            group[f"block{number}_values"] = values
        group["block2_items"] = np.array([b"KPI ID"])
        blob = np.frombuffer(pickled_identifiers([row[0] for row in rows]), dtype=np.uint8)
        values = group.create_dataset("block2_values", (1,), dtype=h5py.vlen_dtype(np.uint8))
        values[0] = blob
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("phase2_ground_truth.hdf", content.getvalue())


def archive_folder(tmp_path, train: str, test: str) -> None:
    length = 4000
    labels = np.zeros(length, dtype=int)
    labels[[1500, 3900]] = 1  # 2400 rows apart: two segments, [60, 1644) and [2460, 4000)
    rows = [(CURVES[0], 60 * i, float(i), int(labels[i])) for i in range(length)]
    archive(tmp_path / "phase2_ground_truth.hdf.zip", [*rows[::-1], (CURVES[1], 0, 1.0, 0)])
    write(tmp_path / "kpi_train.txt", train)
    write(tmp_path / "kpi_test.txt", test)


def test_the_archive_is_cut_as_the_lists_say_rows_in_order_of_time(tmp_path):
    archive_folder(tmp_path, f"{CURVES[0]}_test.60.1644.csv\n", f"{CURVES[0]}_test.2460.4000.csv\n")
    found = kpi.archive(tmp_path)
    assert list(found.names) == [f"{CURVES[0]}/60.1644", f"{CURVES[0]}/2460.4000"]
    assert list(found.splits) == ["train", "test"]
    np.testing.assert_array_equal(found[0].values, np.arange(60, 1644))
    assert list(np.flatnonzero(found[0].labels)) == [1440]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"{CURVES[0]}_test.60.5000.csv", "line 1: .* has no rows 60 to 5000"),
        (f"{CURVES[1]}_test.0.1.csv", "none of the 1 listed segments follows from its labels"),
        ("nonsense", "line 1: 'nonsense' is not"),
    ],
)
def test_lists_that_do_not_fit_the_archive_are_refused(tmp_path, name, message):
    archive_folder(tmp_path, name + "\n", "")
    with pytest.raises(DataError, match=message):
        kpi.archive(tmp_path)


def test_a_damaged_archive_is_refused(tmp_path):
    pytest.importorskip("h5py")
    write(tmp_path / "phase2_ground_truth.hdf.zip", "no zip")
    with pytest.raises(DataError, match="is not the challenge's archive"):
        kpi.archive(tmp_path)


def test_pickled_identifiers_arrive_as_text_and_no_class_of_python_is_handed_out():
    found = read_pickled(pickled_identifiers(CURVES), "a block")
    assert [one.text() for one in found.ravel()] == list(CURVES)
    assert not isinstance(found.ravel()[0], uuid.UUID)
    with pytest.raises(DataError, match="a block is refused: it asks for"):
        read_pickled(pickle.dumps(Reduced(CURVES[0])), "a block")


# ------------------------------------------------------------------------------------------------- Yahoo


def yahoo_files() -> dict[str, str]:
    """Every series has three points; its first value says which file it is."""
    files = {}
    for number in range(1, 68):
        files[f"A1Benchmark/real_{number}.csv"] = f"timestamp,value,is_anomaly\n1,{number},0\n2,0.5,0\n3,0,1\n"
    for number in range(1, 101):
        files[f"A2Benchmark/synthetic_{number}.csv"] = (
            f"timestamp,value,is_anomaly\n1416726000,{1000 + number},0\n2,0,0\n3,0,1\n"
        )
        for benchmark, base in (("A3", 2000), ("A4", 3000)):
            files[f"{benchmark}Benchmark/{benchmark}Benchmark-TS{number}.csv"] = (
                "timestamps,value,anomaly,changepoint,trend,noise,seasonality1,seasonality2,seasonality3\n"
                f"1416726000,{base + number},0,1,0,0,0,0,0\n2,0,0,0,0,0,0,0,0\n3,0,1,0,0,0,0,0,0\n"
            )
    for benchmark in ("A3", "A4"):
        files[f"{benchmark}Benchmark/{benchmark}Benchmark_all.csv"] = "timestamps,value,anomaly\n1,2,0\n"
    return files


def yahoo_archive(path, files: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(f"ydata-labeled-time-series-anomalies-v1_0/{name}")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))


ARCHIVE = "ydata-labeled-time-series-anomalies-v1_0.tgz"


def test_yahoo_is_367_series_numbered_through_the_folders_by_file_name_as_text(tmp_path):
    yahoo_archive(tmp_path / ARCHIVE, yahoo_files())
    write(tmp_path / "yahoo_train.txt", "yahoo_1\nyahoo_2\nyahoo_68\n")
    write(tmp_path / "yahoo_test.txt", "yahoo_367\n")
    found = yahoo.s5(tmp_path)
    first = {str(one.name): one.values[0] for one in found}
    assert len(first) == 367
    assert [first[f"yahoo_{number}"] for number in (1, 2, 12, 67, 68, 69, 168, 268, 367)] == [
        1, 10, 2, 9, 1001, 1010, 2001, 3001, 3099,
    ]  # fmt: skip
    assert [found.splits[number - 1] for number in (1, 2, 3, 68, 367)] == ["train", "train", "", "train", "test"]
    assert list(np.unique(found.groups)) == ["A1Benchmark", "A2Benchmark", "A3Benchmark", "A4Benchmark"]
    assert found.labels.sum() == 367


def test_yahoo_is_read_from_its_folder_as_well_and_without_lists(tmp_path):
    for name, text in yahoo_files().items():
        write(tmp_path / "s5" / name, text)
    found = yahoo.s5(tmp_path, file="s5", train_list=None, test_list=None)
    assert len(found) == 367
    assert set(found.splits) == {""}


def test_yahoo_with_a_missing_or_damaged_file_or_a_list_of_another_set_is_refused(tmp_path):
    files = yahoo_files()
    write(tmp_path / "yahoo_train.txt", "yahoo_368\n")
    write(tmp_path / "yahoo_test.txt", "")
    yahoo_archive(tmp_path / ARCHIVE, files)
    with pytest.raises(DataError, match="there is no series yahoo_368"):
        yahoo.s5(tmp_path)
    yahoo_archive(tmp_path / ARCHIVE, {**files, "A2Benchmark/synthetic_7.csv": "timestamp,value\n1,2\n"})
    with pytest.raises(DataError, match=r"A2Benchmark/synthetic_7\.csv is not a table"):
        yahoo.s5(tmp_path, train_list=None, test_list=None)
    del files["A1Benchmark/real_5.csv"]
    yahoo_archive(tmp_path / ARCHIVE, files)
    with pytest.raises(DataError, match="A1Benchmark holds 66 series instead of 67"):
        yahoo.s5(tmp_path, train_list=None, test_list=None)
    (tmp_path / ARCHIVE).write_bytes((tmp_path / ARCHIVE).read_bytes()[:2000])
    with pytest.raises(DataError, match="cannot be read"):
        yahoo.s5(tmp_path, train_list=None, test_list=None)


def test_the_licensed_archive_is_adopted_without_the_lists_and_leaves_lists_of_others_alone(tmp_path):
    yahoo_archive(tmp_path / "mine" / ARCHIVE, yahoo_files())
    entry = Configuration().datasets["yahoo-s5"]
    manifest = adopt("yahoo-s5", entry, tmp_path / "mine", tmp_path / "s5")
    assert len(read(manifest.reader, tmp_path / "s5", manifest.reader_settings)) == 367
    for name in ("yahoo_train.txt", "yahoo_test.txt"):
        write(tmp_path / "mine" / name, "yahoo_1\n")
    again = adopt("yahoo-s5", entry, tmp_path / "mine", tmp_path / "s5")
    assert again.reader_settings == {"train_list": None, "test_list": None}, "lists with another checksum do not count"


# ---------------------------------------------------------------------------------------------- registry


def served(web, name: str, contents: dict[str, bytes]) -> RawDataset:
    """The registry's canonical source of a data set, with its files on a web server of this machine instead."""
    source = Configuration().datasets[name].sources[1]
    base = source.url.removeprefix("https://raw.githubusercontent.com/")
    assert {file.path for file in source.files} >= set(contents)
    web.files |= {base + path: content for path, content in contents.items()}
    files = [
        {"path": file.path, "name": file.name, "sha256": sha256(contents[file.path])}
        for file in source.files
        if file.path in contents
    ]
    return raw_dataset(
        {"type": "url", "url": web.url(base), "files": files, "reader": source.reader, "settings": source.settings}
    )


def fetched(tmp_path, dataset: RawDataset):
    fetch("x", dataset, [], tmp_path / "x")
    return read(dataset.sources[0].reader, tmp_path / "x", dataset.sources[0].settings)


def test_the_cloud_series_come_from_their_publisher(web, tmp_path):
    rows = b"TimeStamp,Value,Label\n2018-07-03 14:00:00,1,0\n2018-07-03 15:00:00,2,1\n"
    names = [f"data/application-crash-rate-1/app1-0{number}.csv" for number in (2, 1)]
    found = fetched(tmp_path, served(web, "msft-cloud", dict.fromkeys(names, rows)))
    assert list(found.names) == ["application-crash-rate-1/app1-01", "application-crash-rate-1/app1-02"]
    assert found.labels.sum() == 2


def test_nab_comes_from_its_publisher(web, tmp_path):
    window = ["2015-09-08 11:40:00", "2015-09-08 12:00:00"]
    contents = {
        "data/realTraffic/speed_7578.csv": b"timestamp,value\n2015-09-08 11:39:00,73\n2015-09-08 11:44:00,62\n",
        "labels/combined_windows.json": json.dumps({"realTraffic/speed_7578.csv": [window]}).encode(),
        "labels/combined_labels.json": b"{}",
    }
    found = fetched(tmp_path, served(web, "nab", contents))
    assert (list(found.names), list(found.labels)) == (["realTraffic/speed_7578"], [0, 1])


def test_kpi_comes_from_the_challenge_and_its_lists_from_the_authors(web, tmp_path):
    archive_folder(tmp_path, f"{CURVES[0]}_test.60.1644.csv\n", f"{CURVES[0]}_test.2460.4000.csv\n")
    paths = [file.path for file in Configuration().datasets["kpi-cut"].sources[1].files]
    contents = {path: (tmp_path / path.rpartition("/")[2]).read_bytes() for path in paths}
    assert len(fetched(tmp_path, served(web, "kpi-cut", contents))) == 2


def test_both_sources_of_the_cloud_series_and_of_nab_deliver_what_their_readers_look_for():
    registry = Configuration().datasets
    cloud = [file.target for file in registry["msft-cloud"].sources[1].files]
    assert len(cloud) == 60
    assert all(name.startswith("data/") and name.count("/") == 2 for name in cloud)
    nab = [file.target for file in registry["nab"].sources[1].files]
    assert sum(name.startswith("data/real") for name in nab) == 47
    assert {"combined_windows.json", "combined_labels.json"} <= set(nab)
    kpi_files = {file.target for file in registry["kpi-cut"].sources[1].files}
    assert kpi_files == {"phase2_ground_truth.hdf.zip", "kpi_train.txt", "kpi_test.txt"}
    for name in ("series-families", "series-families-small"):
        assert registry[name].redistributable


def test_settings_of_the_registry_reach_the_reader(tmp_path):
    write(
        tmp_path / "nab_real.csv.gz", "series,timestamp,value,label_window,label_point\na/b,2014-02-14 14:30:00,1,1,0\n"
    )
    source = Configuration().datasets["nab"].sources[0]
    assert list(read(source.reader, tmp_path, source.settings).labels) == [1]
