"""Makes expected.json beside it: scikit-learn's answers on three small clouds (seed 5)."""

import json
import pathlib

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

generator = numpy.random.RandomState(5)
classes, columns = 3, 4
centres = generator.randn(classes, columns)
labels = generator.choice(classes, 90, p=[0.6, 0.25, 0.15])
x = (centres[labels] + 1.2 * generator.randn(90, columns)).astype(numpy.float32)
test = generator.randn(30, columns).astype(numpy.float32) * 1.5
expected = {"scikit-learn": sklearn.__version__, "x": x.tolist(), "y": labels.tolist(), "test": test.tolist()}
expected["logistic"] = [
    {
        "C": C,
        "l1Ratio": ratio,
        "classWeights": weights,
        "probabilities": LogisticRegression(
            C=C, l1_ratio=ratio, solver="saga" if ratio else "lbfgs", class_weight=None if weights == "none" else weights,
            tol=1e-10, max_iter=100000 if ratio else 10000, random_state=1,
        )
        .fit(x.astype(float), labels)  # float32 input would be fitted in float32
        .predict_proba(test.astype(float))
        .tolist(),
    }
    for C, ratio, weights in [
        (1, 0, "none"), (0.01, 0, "balanced"), (30, 0, "none"), (0.1, 0.5, "balanced"), (0.2, 1, "none")
    ]
]
expected["svm"] = []
for kernel, C, gamma, weights in [("linear", 1, "scale", "none"), ("rbf", 3, 0.2, "balanced"), ("rbf", 1, "scale", "none")]:
    machine = SVC(kernel=kernel, C=C, gamma=gamma, class_weight=None if weights == "none" else weights, tol=1e-8, decision_function_shape="ovo")
    machine.fit(x, labels)
    expected["svm"].append(
        {"kernel": kernel, "C": C, "gamma": gamma, "classWeights": weights, "decisions": machine.decision_function(test).tolist()}
    )
pathlib.Path(__file__).with_name("expected.json").write_text(json.dumps(expected))
