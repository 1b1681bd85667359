"""The command line: `tenfold <stage>` and what helps around it. Each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import sys

from tenfold.cli import data, overview, stages, upkeep  # noqa: F401  (importing a module registers its commands)
from tenfold.cli.application import app
from tenfold.errors import TenfoldError


def main() -> None:
    """Entry point: a user's mistake is one sentence on stderr and an exit code, never a traceback."""
    try:
        app()
    except TenfoldError as error:
        print(f"tenfold: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # else Python looks through all that is loaded once more before it ends: 0.4 s with PyTorch
