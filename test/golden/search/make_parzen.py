"""Log densities of Optuna's joint Parzen estimate at a few places: python make_parzen.py > parzen.json

Densities of continuous parameters are per unit of their (logarithmic) range, those of others per choice.
"""

import json

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

kinds = ["a", "b", "c"]
space = {
    "rate": FloatDistribution(1e-5, 1e-1, log=True),
    "drop": FloatDistribution(0, 0.5),
    "units": IntDistribution(32, 512, step=32),
    "width": IntDistribution(8, 300, log=True),
    "kind": CategoricalDistribution(kinds),
}
random = np.random.RandomState(4)


def draw(n):
    drawn = {
        "rate": 10 ** random.uniform(-5, -1, n),
        "drop": random.uniform(0, 0.5, n),
        # None twice: equal numbers would get their widths in the order of an unstable sort.
        "units": 32.0 * (1 + random.permutation(16)[:n]),
        "width": 8.0 + random.permutation(293)[:n],
        "kind": random.randint(0, 3, n).astype(float),
    }
    return {name: drawn[name] for name in space}


def value(name, x):
    return kinds[int(x)] if name == "kind" else x


def listed(drawn):
    return [{name: value(name, x) for name, x in zip(drawn, row)} for row in zip(*drawn.values())]


cases = []
for n in (0, 1, 2, 6, 14, 40):
    if n > 16:
        del space["units"]
    observed, points = draw(n), draw(3)
    parameters = _ParzenEstimatorParameters(
        prior_weight=1.0,
        consider_magic_clip=True,
        consider_endpoints=False,
        weights=default_weights,
        multivariate=True,
    )
    estimate = _ParzenEstimator(observed, space, parameters)
    ranges = np.log(np.log(1e-1) - np.log(1e-5)) + np.log(0.5)
    log_density = estimate.log_pdf(points) + ranges
    cases.append({"observed": listed(observed), "points": listed(points), "logDensity": log_density.tolist()})
print(json.dumps({"optuna": optuna.__version__, "cases": cases}))
