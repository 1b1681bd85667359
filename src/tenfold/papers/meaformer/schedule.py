"""The learning rate of every step."""

from __future__ import annotations

import math


def warm_up_cosine(step: int, total: int, warm_up: float) -> float:
    """Factor of the learning rate at a step counted from 0: linear up over a share of the steps, then a cosine to 0."""
    rising = int(total * warm_up)
    if step < rising:
        return step / rising
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rising) / max(1, total - rising))))
