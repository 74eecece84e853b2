"""Trains scikit-learn's classifiers on data sets that it ships, over whole grids of settings, as search problems:

    python bench/search/tables.py bench/data

Scores are mean accuracies of a stratified 5-fold, to six digits.
"""

import itertools
import json
import os
import sys

from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def configurations(space):
    """Every configuration of a space of choices and whole numbers, with its conditions."""
    grids = [
        p["choices"] if p["type"] == "categorical" else range(p["min"], p["max"] + 1, p.get("step", 1))
        for p in space.values()
    ]
    seen = set()
    for row in itertools.product(*grids):
        values = {}
        for (name, p), value in zip(space.items(), row):
            when = p.get("when")
            if when is None or values.get(when["parameter"]) in when["in"]:
                values[name] = value
        key = json.dumps(values)
        if key not in seen:
            seen.add(key)
            yield values


def write(name, space, data, model):
    x, y = data
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    rows = []
    for values in configurations(space):
        score = cross_val_score(model(**values), x, y, cv=folds).mean()
        rows.append(json.dumps({"values": values, "score": round(float(score), 6)}))
    lines = ",\n".join(rows)
    with open(os.path.join(sys.argv[1], name), "w") as file:
        file.write(f'{{"space":{json.dumps(space)},\n"direction":"maximize",\n"rows":[\n{lines}\n]}}\n')
    print(name, len(rows))


def svm(kernel, log2C, log2Gamma=0, degree=3):
    machine = SVC(kernel=kernel, C=2.0**log2C, gamma=2.0**log2Gamma, degree=degree)
    return make_pipeline(StandardScaler(), machine)


def trees(criterion, maxFeaturesPercent, minLeaf, maxDepth, balanced):
    return ExtraTreesClassifier(
        n_estimators=10,
        criterion=criterion,
        max_features=maxFeaturesPercent / 100,
        min_samples_leaf=minLeaf,
        max_depth=maxDepth,
        class_weight="balanced" if balanced == "yes" else None,
        random_state=0,
    )


digits = tuple(part[:500] for part in load_digits(return_X_y=True))
kernels = {"type": "categorical", "choices": ["linear", "rbf", "poly"]}
write(
    "svmTable.json",
    {
        "kernel": kernels,
        "log2C": {"type": "int", "min": -8, "max": 8, "step": 2},
        "log2Gamma": {
            "type": "int",
            "min": -14,
            "max": 2,
            "step": 2,
            "when": {"parameter": "kernel", "in": ["rbf", "poly"]},
        },
        "degree": {"type": "int", "min": 2, "max": 4, "when": {"parameter": "kernel", "in": ["poly"]}},
    },
    digits,
    svm,
)
write(
    "treesTable.json",
    {
        "criterion": {"type": "categorical", "choices": ["gini", "entropy"]},
        "maxFeaturesPercent": {"type": "int", "min": 10, "max": 90, "step": 20},
        "minLeaf": {"type": "int", "min": 1, "max": 9, "step": 4},
        "maxDepth": {"type": "int", "min": 2, "max": 10, "step": 4},
        "balanced": {"type": "categorical", "choices": ["no", "yes"]},
    },
    load_breast_cancer(return_X_y=True),
    trees,
)
