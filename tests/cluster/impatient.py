"""Snakemake whose SLURM executor asks for the state of its jobs every second.

The real one asks ever less often while nothing ends, up to every 180 s; tests would wait for it and learn nothing.
"""

from __future__ import annotations

import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)

if __name__ == "__main__":
    sys.exit(main())
