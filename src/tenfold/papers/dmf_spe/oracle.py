"""What the equations predict, in closed form or by quadrature: the oracle that every experiment is compared with.

Deep matrix factorization `P = W_L ... W_1` with loss `1/2 ||P - M||^2` and `M = U diag(sigma) V^T` decouples under an
aligned balanced initial value into one scalar `a_i` per singular value, `sigma_i(P) = a_i^L` (Saxe et al. 2014; Arora
et al. 2019; Gidel et al. 2019). NumPy and SciPy only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np


def recursion(initial: np.ndarray, sigma: np.ndarray, rate: float, depth: int, steps: Sequence[int]) -> np.ndarray:
    """Singular values `a_i(t)^L` of the product under gradient descent, exact for any learning rate.

    `a_i(t+1) = a_i(t) - rate a_i^(L-1) (a_i^L - sigma_i)` from `initial` (R,).
    Returns (len(steps), R) for increasing `steps`.
    """
    a = np.array(initial, dtype=float)
    result = np.empty((len(steps), a.size))
    now = 0
    for row, step in enumerate(steps):
        for _ in range(step - now):  # a recursion: each step needs the one before
            power = a ** (depth - 1)
            a -= rate * power * (power * a - sigma)
        now = step
        result[row] = a**depth
    return result


def flow_time(start: float, end: float, sigma: float, depth: int) -> float:
    """Time in which gradient flow `du/dt = L u^(2-2/L) (sigma - u)` takes u from `start` to `end` (< sigma).

    Closed form for L = 1, 2, 4, else quadrature in log u. Zero when `start >= end`.
    """
    if start <= 0:
        raise ValueError("start must be positive: a mode that is exactly zero never moves")
    if end >= sigma:
        raise ValueError("end must be smaller than sigma, which is reached only in infinite time")
    if start >= end:
        return 0.0
    if depth == 1:
        return math.log((sigma - start) / (sigma - end))
    if depth == 2:
        return math.log(end * (sigma - start) / (start * (sigma - end))) / (2 * sigma)
    if depth == 4:
        return _primitive_depth_4(end, sigma) - _primitive_depth_4(start, sigma)
    return flow_time_by_quadrature(start, end, sigma, depth)


def _primitive_depth_4(u: float, sigma: float) -> float:
    v, c = math.sqrt(u), math.sqrt(sigma)
    return -1 / (2 * sigma * v) + math.log((c + v) / (c - v)) / (4 * sigma * c)


def flow_time_by_quadrature(start: float, end: float, sigma: float, depth: int) -> float:
    """`int du / (L u^(2-2/L) (sigma - u))`, integrated in log u where the integrand is smooth."""
    from scipy.integrate import quad

    def integrand(x: float) -> float:
        return math.exp(x * (2 / depth - 1)) / (depth * (sigma - math.exp(x)))

    return quad(integrand, math.log(start), math.log(end), epsabs=0, epsrel=1e-12, limit=500)[0]


def flow_value(time: float, start: float, sigma: float) -> float:
    """Value u after `time` of gradient flow at depth 2 (a logistic curve)."""
    growth = math.exp(2 * sigma * time)
    return sigma * growth / (growth - 1 + sigma / start)


def leading_escape_time(start: float, sigma: float, depth: int) -> float:
    """Time to reach sigma / 2 for small `start`, to leading order: a logarithm at depth 2, a power beyond."""
    if depth == 2:
        return math.log(sigma / start) / (2 * sigma)
    if depth < 2:
        raise ValueError("depth 1 is a linear model: its modes do not wait at saddles")
    return start ** -(1 - 2 / depth) / ((depth - 2) * sigma)


def escape_times(scale: float, sigma: Iterable[float], depth: int, share: float = 0.5) -> np.ndarray:
    """Flow times (R,) at which `sigma_i(P)` passes `share * sigma_i` from the aligned start of factor scale alpha."""
    return np.array([flow_time(scale**depth, share * value, value, depth) for value in sigma])


def curvature(sigma: float, depth: int) -> float:
    """`L sigma^(2-2/L)`: Hessian eigenvalue of a learned mode at the minimum, which is also its relaxation rate."""
    return depth * sigma ** (2 - 2 / depth)


def critical_rate(largest: float, depth: int) -> float:
    """Learning rate up to which gradient descent is locally stable at the minimum: `2 / (L sigma_1^(2-2/L))`."""
    return 2 / curvature(largest, depth)


def plateau_losses(sigma: Sequence[float]) -> np.ndarray:
    """Loss at rank r, `1/2 sum_(i>r) sigma_i^2`, for r = 0..R: (R+1,)."""
    squares = np.asarray(sigma, dtype=float) ** 2
    return np.append(np.cumsum(squares[::-1])[::-1], 0.0) / 2


def saddle_index(sigma: Sequence[float], learned: Sequence[int], width: int, depth: int) -> int:
    """Number of negative Hessian eigenvalues at the balanced critical point that has learned the triples `learned`.

    Depth 2: `(R-r)(h-r) + #{(i, j): sigma_i > sigma_j}` over unlearned i and learned j; deeper: only the second term.
    `sigma` are the R distinct non-zero singular values, `learned` zero-based.
    """
    inverted = sum(sigma[i] > sigma[j] for i, j in _couplings(sigma, learned))
    if depth > 2:
        return inverted
    return (len(sigma) - len(learned)) * (width - len(learned)) + inverted


def smallest_eigenvalue(sigma: Sequence[float], learned: Sequence[int], width: int, depth: int) -> float:
    """Smallest Hessian eigenvalue at the same point; 0 where the Hessian is positive semidefinite."""
    pairs = [sigma[j] ** (1 - 2 / depth) * (sigma[j] - sigma[i]) for i, j in _couplings(sigma, learned)]
    unlearned = [sigma[i] for i in range(len(sigma)) if i not in learned]
    unused = [-max(unlearned)] if depth == 2 and unlearned and width > len(learned) else []
    return min([0.0, *pairs, *unused])


def near_saddle_eigenvalue(sigma: Sequence[float], rank: int, scale: float, depth: int) -> float:
    """Smallest eigenvalue near the top-r saddle, `-(L-1) (sigma_(r+1) - alpha^L) alpha^(L-2)` to leading order."""
    return -(depth - 1) * (sigma[rank] - scale**depth) * scale ** (depth - 2)


def _couplings(sigma: Sequence[float], learned: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs (unlearned i, learned j)."""
    return [(i, j) for i in range(len(sigma)) if i not in learned for j in learned]
