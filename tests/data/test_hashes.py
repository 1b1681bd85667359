from __future__ import annotations

import hashlib
import os

import pytest

from tenfold.data import hashes


@pytest.fixture
def folder(folders):
    raw = folders / "data" / "raw" / "moon"
    raw.mkdir(parents=True)
    (raw / "a").write_bytes(b"one")
    return raw


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_an_unchanged_file_is_read_once(folder, monkeypatch):
    reads = []
    real = hashes.sha256_of
    monkeypatch.setattr(hashes, "sha256_of", lambda path: reads.append(path) or real(path))
    assert [hashes.of(folder, ["a"]) for _ in range(3)] == [{"a": sha(b"one")}] * 3
    assert len(reads) == 1


def test_one_changed_byte_is_seen(folder):
    hashes.of(folder, ["a"])
    (folder / "a").write_bytes(b"onf")
    assert hashes.of(folder, ["a"]) == {"a": sha(b"onf")}


def test_a_new_time_alone_changes_no_hash(folder):
    first = hashes.of(folder, ["a"])
    os.utime(folder / "a", (1, 1))
    assert hashes.of(folder, ["a"]) == first


def test_a_damaged_memory_is_forgotten(folder, folders):
    first = hashes.of(folder, ["a"])
    (folders / ".tenfold" / "hashes" / "moon.json").write_text("{")
    assert hashes.of(folder, ["a"]) == first
