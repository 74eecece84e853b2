"""Reference proposals for the two published searches, from scikit-learn and SciPy themselves.

    python make_published.py ../../../../shared/golden/search/published_searches.json > published_proposals.json

For every trial after the tenth the model is fitted to the trials before it, and the lower bound
mean - 2.6 sd is minimised from the 50 starting points of that trial. Printed per proposal: the fitted length
scale, its log marginal likelihood, the lowest bound, and where it lies.
"""

import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

warnings.filterwarnings("ignore")


def to_unit(p, value):
    if p["type"] == "choice":
        return (p["values"].index(value) + 0.5) / len(p["values"])
    if p["type"] == "int":
        n = (p["max"] - p["min"]) // p["step"] + 1
        return ((value - p["min"]) // p["step"] + 0.5) / n
    if p["log"]:
        return np.log(value / p["min"]) / np.log(p["max"] / p["min"])
    return (value - p["min"]) / (p["max"] - p["min"])


def default(p):
    return p["values"][0] if p["type"] == "choice" else p["min"]


def proposals(search):
    space = search["parameters"]
    rng = np.random.RandomState(23)
    trials = search["trials"]
    for number in range(10, len(trials)):
        rows = [t for t in trials[:number] if t["status"] == "COMPLETED"]
        x = np.array([[to_unit(p, t["values"].get(p["name"], default(p))) for p in space] for t in rows])
        y = -np.array([t["score"] for t in rows])
        model = GaussianProcessRegressor(
            kernel=Matern(nu=2.5), n_restarts_optimizer=20, normalize_y=True, alpha=1e-4, random_state=23
        ).fit(x, y)

        def bound(point):
            mean, deviation = model.predict(point.reshape(1, -1), return_std=True)
            return (mean - 2.6 * deviation)[0]

        best, best_x = np.inf, None
        for start in rng.uniform(0, 1, size=(50, len(space))):
            result = minimize(bound, x0=start, bounds=[(0, 1)] * len(space), method="L-BFGS-B")
            if result.fun < best:
                best, best_x = float(result.fun), result.x
        yield {
            "trial": number,
            "lengthScale": float(model.kernel_.length_scale),
            "logMarginalLikelihood": float(model.log_marginal_likelihood_value_),
            "acquisition": best,
            "x": [round(float(v), 8) for v in best_x],
        }


source = json.load(open(sys.argv[1]))
print(
    json.dumps(
        {
            "madeBy": f"make_published.py, scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}",
            "searches": {name: list(proposals(search)) for name, search in source.items()},
        }
    )
)
