"""The claims engine: from a paper's claims and its metrics to verdicts.

A verdict rests on the paper's own data wherever there is any, else on stand-ins, and then says so: at best a claim is
*consistent (stand-in)* there, and a contradiction is *inconclusive*. A claim holds when all of its comparisons hold.
"""

from tenfold.claims.judge import judge
from tenfold.claims.outcomes import RunSamples
from tenfold.claims.reference import reference_rows
from tenfold.claims.table import Failures, Samples
from tenfold.claims.verdict import ComparisonResult, DatasetResult, Outcome, Verdict, write_verdicts

__all__ = [
    "ComparisonResult",
    "DatasetResult",
    "Failures",
    "Outcome",
    "RunSamples",
    "Samples",
    "Verdict",
    "judge",
    "reference_rows",
    "write_verdicts",
]
