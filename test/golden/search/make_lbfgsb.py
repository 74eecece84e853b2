"""Paths of SciPy's L-BFGS-B on small problems: python make_lbfgsb.py > lbfgsb.json"""

import json

import numpy as np
import scipy
from scipy.optimize import minimize


def rosenbrock(x):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[:-1] += -400 * x[:-1] * a - 2 * b
    g[1:] += 200 * a
    return (100 * a**2 + b**2).sum(), g


def quartic(x):
    c = np.arange(1, len(x) + 1) / 3
    return ((x - c) ** 4 + 0.1 * (x - c) ** 2).sum() + x[0] * x[-1], np.concatenate(
        [
            (4 * (x - c) ** 3 + 0.2 * (x - c))[:1] + x[-1],
            (4 * (x - c) ** 3 + 0.2 * (x - c))[1:-1],
            (4 * (x - c) ** 3 + 0.2 * (x - c))[-1:] + x[0],
        ]
    )


cases = []
rng = np.random.RandomState(5)
for name, f in (("rosenbrock", rosenbrock), ("quartic", quartic)):
    for n in (2, 5, 12):
        for bounds in (None, [(-0.5, 0.8)] * n, [(0, None) if i % 2 else (None, 0.6) for i in range(n)]):
            start = rng.uniform(-2, 2, n)
            r = minimize(f, start, jac=True, bounds=bounds, method="L-BFGS-B")
            cases.append(
                {
                    "name": name,
                    "start": start.tolist(),
                    "lower": [None if bounds is None else b[0] for b in (bounds or [(None, None)] * n)],
                    "upper": [None if bounds is None else b[1] for b in (bounds or [(None, None)] * n)],
                    "x": r.x.tolist(),
                    "value": float(r.fun),
                    "iterations": int(r.nit),
                    "evaluations": int(r.nfev),
                }
            )
print(json.dumps({"madeBy": f"SciPy {scipy.__version__}", "cases": cases}))
