"""A labelling session on disk: every answer survives `kill -9`, and the same session goes on where it stopped.

    labels/leiad/<data set>/<session>/
        session.json    what the session is about: scale, seed, digests of the pool and of the settings
        journal.jsonl   the answers, one line each, appended and flushed to disk before the page says thank you
        draft.json      the marks on the window that is being looked at
        state-<n>.npz   the loop after n answers: only saves time, can be deleted

The journal is the truth: the loop is deterministic, so its answers lead to the same state again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from tenfold import paths
from tenfold.errors import ConfigError, ResultError
from tenfold.files import atomic_file, read_arrays, read_json, why_not_written, write_json
from tenfold.provenance import digest_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEPT_STATES = 2
"""So many saved states: the newest, and the one before it for an answer that is taken back."""


@dataclass(frozen=True)
class Answer:
    """What a person said about one window. Places count within the series, so they outlive a change of the pool."""

    series: str
    centre: int
    start: int
    stop: int
    iteration: int
    rank: int
    anomalies: tuple[int, ...]
    seconds: float | None = None  # for which the window was looked at
    time: str = ""
    model: float | None = None  # how well the end model told the marked points from the others before it learnt of them
    label_model: float | None = None  # the same of the label model


class Session:
    """The files of one session, held by one process. Use as a context: the lock is given back at its end."""

    def __init__(self, labels: Path, name: str, identity: Mapping[str, Any]) -> None:
        """Open session `name` under `labels`, the data set's folder; begin it where there is none.

        `identity`: `scale` and `seed`, which must stay, and digests `pool` and `settings`, which may change. Raises
        ConfigError for a bad name, another scale or seed, and while another process has the session open.
        """
        self.folder = folder = labels / name
        self.notes: list[str] = []
        """What a person should know of the session's files, such as a damaged line that was dropped."""
        if not NAME.fullmatch(name):
            raise ConfigError(f"--session: {name!r} cannot be a folder's name; use letters, digits, . _ and -")
        self._lock = FileLock(folder / "lock", timeout=0, fallback_to_soft=False)
        self._take_lock()
        try:
            self.changed = self._begin(dict(identity))
            """Which digests differ from those of the last time: then the saved states are of another loop."""
            self._signature = digest_of([identity["pool"], identity["settings"]])
            self.answers = self._read_journal()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the session back; another process may open it."""
        (self.folder / "open.json").unlink(missing_ok=True)
        self._lock.release()

    def _take_lock(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            where = "in another process"
            with contextlib.suppress(ResultError, KeyError):
                where = f"at {read_json(self.folder / 'open.json')['address']}"
            raise ConfigError(f"session {self.folder.name!r} is open {where}; close it there first") from None
        except OSError as error:
            raise ResultError(why_not_written(self.folder / "lock", error)) from error

    def is_open_at(self, address: str) -> None:
        """Leave word for a second process where the session is open."""
        write_json(self.folder / "open.json", {"address": address, "process": os.getpid()})

    def _begin(self, identity: dict[str, Any]) -> list[str]:
        path = self.folder / "session.json"
        before = read_json(path) if path.exists() else identity
        for key in ("scale", "seed"):
            if before[key] != identity[key]:
                raise ConfigError(
                    f"session {self.folder.name!r} was begun with --{key} {before[key]}, not {identity[key]}: "
                    f"open it so, or take another name with --session"
                )
        changed = [key for key in ("pool", "settings") if before[key] != identity[key]]
        if before != identity or not path.exists():
            write_json(path, identity)
        return changed

    # ----------------------------------------------------------------------------------------- answers

    def append(self, answer: Answer) -> None:
        """Keep an answer: on disk when this returns. Raises ResultError when the disk refuses it."""
        self._write({"answer": asdict(answer)})
        self.answers.append(answer)

    def take_back(self) -> Answer:
        """Forget the last answer; it stays readable in the journal. Raises ValueError when there is none."""
        if not self.answers:
            raise ValueError("there is no answer to take back")
        self._write({"taken_back": len(self.answers)})
        return self.answers.pop()

    @property
    def _journal(self) -> Path:
        return self.folder / "journal.jsonl"

    def _write(self, event: dict[str, Any]) -> None:
        text = json.dumps(event, ensure_ascii=False, allow_nan=False)
        try:
            with self._journal.open("ab") as file:
                file.write(f"{zlib.crc32(text.encode()):08x} {text}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ResultError(why_not_written(self._journal, error)) from error

    def _read_journal(self) -> list[Answer]:
        """The answers that stand. A damaged last line, which a killed process leaves, is dropped and named."""
        answers: list[Answer] = []
        raw = self._journal.read_bytes() if self._journal.exists() else b""
        lines = raw.splitlines(keepends=True)
        for number, line in enumerate(lines, start=1):
            try:
                event = _event(line)
            except ValueError:
                if number < len(lines):
                    raise ResultError(
                        f"{paths.relative(self._journal)}: line {number} is damaged and not the last one, so more than "
                        "a killed process was at work; put it right by hand or delete the line"
                    ) from None
                self.notes.append(
                    f"{paths.relative(self._journal)}: line {number} was not written completely and is dropped"
                )
                self._cut(sum(map(len, lines[:-1])))
                break
            if "taken_back" in event:
                del answers[-1:]
            else:
                answers.append(Answer(**event["answer"] | {"anomalies": tuple(event["answer"]["anomalies"])}))
        return answers

    def _cut(self, size: int) -> None:
        with self._journal.open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())

    # ------------------------------------------------------------------------------------------- draft

    def save_draft(self, marks: Sequence[int]) -> None:
        """Keep the marks (places in the series) on the window that comes after the answers so far."""
        draft = {"window": len(self.answers) + 1, "marks": [int(mark) for mark in marks]}
        write_json(self.folder / "draft.json", draft)

    def draft(self) -> list[int]:
        """Marks on the pending window, if the last process left any."""
        try:
            draft = read_json(self.folder / "draft.json")
            return list(map(int, draft["marks"])) if draft["window"] == len(self.answers) + 1 else []
        except (ResultError, KeyError, TypeError, ValueError):
            return []

    # ------------------------------------------------------------------------------------ saved states

    def save_state(self, arrays: Mapping[str, np.ndarray], count: int) -> None:
        """Keep the loop as it is after the first `count` answers, and drop older states."""
        marks = {"signature": np.array(self._signature), "answers": np.array(self._digest(count))}
        with atomic_file(self.folder / f"state-{count}.npz") as file:
            np.savez(file, **{f"loop/{name}": array for name, array in arrays.items()}, **marks)  # type: ignore[arg-type]
        for number, path in list(self._states())[KEPT_STATES:]:
            if number != count:
                path.unlink(missing_ok=True)

    def saved_state(self) -> tuple[int, dict[str, np.ndarray]] | None:
        """The newest state that belongs to this loop and to these answers: how many of them, and the arrays."""
        for number, path in self._states():
            try:
                arrays = read_arrays(path)
                fits = str(arrays["signature"]) == self._signature and str(arrays["answers"]) == self._digest(number)
            except (ResultError, KeyError):
                fits = False
            if fits:
                return number, {
                    name.removeprefix("loop/"): array for name, array in arrays.items() if name.startswith("loop/")
                }
            path.unlink(missing_ok=True)
        return None

    def _states(self) -> Iterator[tuple[int, Path]]:
        """Saved states, the one with most answers first."""
        found = [(int(path.stem.removeprefix("state-")), path) for path in self.folder.glob("state-*.npz")]
        return iter(sorted(found, reverse=True))

    def _digest(self, count: int) -> str:
        """Digest of the first `count` answers; of nothing when there are fewer."""
        return digest_of([asdict(answer) for answer in self.answers[:count]]) if count <= len(self.answers) else "none"


def _event(line: bytes) -> dict[str, Any]:
    """The event of a journal's line. Raises ValueError when the line is not whole."""
    check, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or int(check, 16) != zlib.crc32(text[:-1]):
        raise ValueError("the line is damaged")
    return json.loads(text)
