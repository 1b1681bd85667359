"""Mistakes that a user can mend. The command line prints their text, without a traceback."""


class TenfoldError(Exception):
    """Base: one clear sentence that says what was wrong, where, and what to do. `exit_code` is the process's."""

    exit_code = 1


class ConfigError(TenfoldError):
    """A file under config/ or a command-line value is wrong."""

    exit_code = 2


class DataError(TenfoldError):
    """Raw or prepared data is missing, damaged or refused."""

    exit_code = 3


class SourceUnavailable(DataError):
    """One source of a data set cannot serve it; the text is the reason, and the next source is tried."""


class RunFailed(TenfoldError):
    """A training run cannot go on (for example its loss is not a number)."""

    exit_code = 4


class ResultError(TenfoldError):
    """Result files are missing, damaged or cannot be written."""

    exit_code = 5
