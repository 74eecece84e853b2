"""Makes two small networks with Keras, one of each family, with their predictions (seed 3)."""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy

here = pathlib.Path(__file__).parent
keras.utils.set_random_seed(3)
x = numpy.random.RandomState(3).randn(12, 7).astype("float32")
expected = {"keras": keras.__version__, "x": x.tolist()}
for family in ("dropout", "layernorm"):
    model = keras.Sequential([keras.Input((7,))])
    for units in (8, 5):
        model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-3), bias_initializer="uniform"))
        model.add(keras.layers.Dropout(0.25) if family == "dropout" else keras.layers.LayerNormalization())
    model.add(keras.layers.Dense(4, activation="softmax"))
    model.save(here / f"{family}.keras")
    expected[family] = model.predict(x, verbose=0).tolist()
(here / "expected.json").write_text(json.dumps(expected))
