"""Peer of train.ts: the same network, data sizes and protocol through Keras' own fit. Prints one JSON line."""

import argparse
import json
import time

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=240)
parser.add_argument("--dropout", type=float, default=0.05)
arguments = parser.parse_args()

import keras
import numpy as np
import tensorflow as tf

BATCH, INPUTS = 256, 1024
rows = arguments.steps * BATCH
generator = np.random.default_rng(1)
x = generator.random((rows, INPUTS), dtype=np.float32) - 0.5
y = keras.utils.to_categorical(generator.integers(0, 6, rows), 6)

model = keras.Sequential([keras.Input((INPUTS,))])
for _ in range(4):
    model.add(keras.layers.Dense(512, activation="relu", kernel_regularizer=keras.regularizers.L1(1e-9)))
    if arguments.dropout > 0:
        model.add(keras.layers.Dropout(arguments.dropout))
model.add(keras.layers.Dense(6, activation="softmax"))
model.compile(
    optimizer=keras.optimizers.Adam(1e-4, gradient_accumulation_steps=8),
    loss=keras.losses.CategoricalFocalCrossentropy(),
    metrics=["accuracy"],
    jit_compile=False,  # Keras chooses this itself on a CPU; stated so that the peer is unambiguous
)
data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(rows, seed=23).batch(BATCH).prefetch(2)


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.ends = []
        self.cpu = []

    def on_epoch_end(self, epoch, logs=None):
        self.ends.append(time.perf_counter())
        self.cpu.append(time.process_time())


clock = Clock()
model.fit(data, epochs=3, verbose=0, callbacks=[clock])
milliseconds = 1000 * (clock.ends[2] - clock.ends[0]) / (2 * arguments.steps)
cpu = 1000 * (clock.cpu[2] - clock.cpu[0]) / (2 * arguments.steps)
print(json.dumps({"milliseconds": milliseconds, "cpu": cpu, "engine": f"keras {keras.__version__}, tensorflow {tf.__version__}"}))
