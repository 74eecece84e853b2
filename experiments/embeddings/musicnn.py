"""Converts musicnn (ISC licence, Jordi Pons 2019) to ONNX: python3 musicnn.py OUT.onnx [--wheel FILE]

Downloads the package musicnn 0.1.0 from PyPI with pip (its dependencies are of 2019 and not needed), reads the TensorFlow 1
checkpoint MSD_musicnn inside it, and writes the network node by node. Needs Python 3.9 or later and nothing else: TensorFlow would
be 2 GB to read one file, and what other packages write depends on their version; this way every machine writes the same bytes.

Input: windows x frames x 96 bands. Outputs: max_pool (753; the feature that the authors transfer to other tasks), mean_pool (753)
and penultimate (200).
"""

import argparse
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from array import array

WHEEL = "musicnn-0.1.0-py3-none-any.whl"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"
NETWORK = "musicnn/MSD_musicnn/"
# The default of tf.layers.batch_normalization.
EPSILON = 0.001


def download(folder):
    """The wheel, by this Python's pip, which knows the machine's proxies and mirrors."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run([*command, "--only-binary", ":all:", "--dest", folder, "musicnn==0.1.0"], capture_output=True, text=True)
    wheel = os.path.join(folder, WHEEL)
    if done.returncode != 0 or not os.path.exists(wheel):
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        sys.exit(f"{sys.executable} -m pip cannot download musicnn 0.1.0 ({reason}); get {WHEEL} from pypi.org/project/musicnn and give it as --wheel")
    return wheel


def checkpoint_files(wheel):
    """Index and values of the checkpoint."""
    try:
        with open(wheel, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        sys.exit(f"{wheel}: cannot be read ({error.strerror}); give {WHEEL} of pypi.org/project/musicnn")
    if digest != WHEEL_SHA256:
        sys.exit(f"{wheel}: is not {WHEEL} of PyPI (SHA-256 {digest[:12]}..., expected {WHEEL_SHA256[:12]}...); download it again")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(NETWORK + ".index"), archive.read(NETWORK + ".data-00000-of-00001")


# Reading: TensorFlow's checkpoint is a table of LevelDB (keys to entries) beside raw little-endian values.


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def block(table, at):
    """Keys and values of the block whose handle (offset, size) is at a place; keys share prefixes with the one before."""
    offset, at = varint(table, at)
    size, _ = varint(table, at)
    if table[offset + size] != 0:
        sys.exit("the checkpoint's index is compressed, which this script does not read")
    data = table[offset : offset + size]
    end = size - 4 - 4 * struct.unpack_from("<I", data, size - 4)[0]
    key, at = b"", 0
    while at < end:
        shared, at = varint(data, at)
        own, at = varint(data, at)
        length, at = varint(data, at)
        key = key[:shared] + data[at : at + own]
        yield key.decode(), data[at + own : at + own + length]
        at += own + length


def fields(message):
    """Numbers and values of a protocol buffer's fields: integers, or bytes."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(message, at)
        else:
            size, at = varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = message[at : at + size], at + size
        yield tag >> 3, value


def read_variables(table, values):
    """Shape and float32 values by name."""
    _, at = varint(table, len(table) - 48)
    _, at = varint(table, at)
    variables = {}
    for _, handle in block(table, at):
        for name, entry in block(table + handle, len(table)):
            found = dict(fields(entry))
            # Field 1 is the type (1: float32), 2 the shape, 4 the offset, 5 the size.
            if name and found.get(1) == 1:
                shape = [dict(fields(dimension)).get(1, 0) for number, dimension in fields(found.get(2, b"")) if number == 2]
                offset = found.get(4, 0)
                numbers = array("f", values[offset : offset + found[5]])
                if sys.byteorder == "big":
                    numbers.byteswap()
                variables[name] = shape, numbers
    return variables


# Writing: ONNX is a protocol buffer, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.


def number(value):
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def field(index, value):
    if isinstance(value, int):
        return number(index << 3) + number(value)
    if isinstance(value, float):
        return number(index << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return number(index << 3 | 2) + number(len(data)) + data


def message(*pairs):
    return b"".join(field(index, value) for index, value in pairs)


def attribute(name, value):
    if isinstance(value, float):
        return message((1, name), (2, value), (20, 1))
    if isinstance(value, int):
        return message((1, name), (3, value), (20, 2))
    return message((1, name), *((8, one) for one in value), (20, 7))


def tensor(name, shape, values):
    little = values if sys.byteorder == "little" else array("f", values)
    if sys.byteorder == "big":
        little.byteswap()
    return message(*((1, size) for size in shape), (2, 1), (8, name), (9, little.tobytes()))


def value_info(name, shape):
    dimensions = ((1, message((1 if isinstance(size, int) else 2, size))) for size in shape)
    return message((1, name), (2, message((1, message((1, 1), (2, message(*dimensions)))))))


class Graph:
    """Nodes and constants; every method adds a node and returns the name of its output."""

    def __init__(self, variables):
        self.variables, self.nodes, self.constants = variables, [], []

    def node(self, kind, inputs, output, **attributes):
        named = [(5, attribute(name, value)) for name, value in attributes.items()]
        self.nodes.append(message(*((1, name) for name in inputs), (2, output), (4, kind), *named))
        return output

    def constant(self, name, shape=None, values=None):
        own_shape, own_values = self.variables[name]
        self.constants.append(tensor(name, shape or own_shape, values or own_values))
        return name

    def convolution(self, source, name, across, pads):
        """With ReLU; `across`: whether the kernel's second axis is that of bands (True), or of what ONNX calls channels."""
        (height, width, _, filters), values = self.variables[f"{name}/kernel"]
        swapped = array("f")
        if across:
            for one in range(filters):
                swapped.extend(values[one::filters])
        else:
            for one in range(filters):
                for channel in range(width):
                    swapped.extend(values[channel * filters + one :: width * filters])
        shape = [filters, 1, height, width] if across else [filters, width, height, 1]
        kernel = self.constant(f"{name}/kernel", shape, swapped)
        linear = self.node("Conv", [source, kernel, self.constant(f"{name}/bias")], f"{name}/linear", pads=pads)
        return self.node("Relu", [linear], f"{name}/relu")

    def normalised(self, source, name, output=None):
        parts = [self.constant(f"{name}/{part}") for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        return self.node("BatchNormalization", [source, *parts], output or f"{name}/output", epsilon=EPSILON)


def network(variables):
    """The network of musicnn/models.py for prediction, as batch x channels x frames x bands."""
    graph = Graph(variables)
    image = graph.normalised(graph.node("Unsqueeze", ["log_mel"], "image", axes=[1]), "batch_normalization")
    front = []
    # Timbre: 7 frames of 38 and 67 bands; tempo: 128, 64 and 32 frames of one band, padded as TensorFlow pads even lengths.
    for index, pads in enumerate([[3, 0, 3, 0], [3, 0, 3, 0], [63, 0, 64, 0], [31, 0, 32, 0], [15, 0, 16, 0]]):
        heard = graph.convolution(image, f"conv2d_{index}" if index else "conv2d", True, pads)
        heard = graph.normalised(heard, f"batch_normalization_{index + 1}")
        front.append(graph.node("ReduceMax", [heard], f"front_{index}", axes=[3], keepdims=1))
    front = graph.node("Concat", front, "front", axis=1)
    layer = graph.normalised(graph.convolution(front, "conv2d_5", False, [3, 0, 3, 0]), "batch_normalization_6")
    middle = [layer]
    for index in (6, 7):
        layer = graph.normalised(graph.convolution(layer, f"conv2d_{index}", False, [3, 0, 3, 0]), f"batch_normalization_{index + 1}")
        layer = graph.node("Add", [layer, middle[-1]], f"middle_{index}")
        middle.append(layer)
    features = graph.node("Concat", [front, *middle], "features", axis=1)
    largest = graph.node("ReduceMax", [features], "max_pool", axes=[2, 3], keepdims=0)
    mean = graph.node("ReduceMean", [features], "mean_pool", axes=[2, 3], keepdims=0)
    pairs = [graph.node("Unsqueeze", [name], f"{name}/column", axes=[2]) for name in (largest, mean)]
    flat = graph.node("Flatten", [graph.node("Concat", pairs, "pairs", axis=2)], "flat", axis=1)
    flat = graph.normalised(flat, "batch_normalization_9")
    weights = [graph.constant("dense/kernel"), graph.constant("dense/bias")]
    dense = graph.node("Relu", [graph.node("Gemm", [flat, *weights], "dense/linear")], "dense/relu")
    graph.normalised(dense, "batch_normalization_10", "penultimate")
    outputs = [("max_pool", 753), ("mean_pool", 753), ("penultimate", 200)]
    return message(
        *((1, node) for node in graph.nodes),
        (2, "MSD_musicnn"),
        *((5, constant) for constant in graph.constants),
        (11, value_info("log_mel", ["windows", "frames", 96])),
        *((12, value_info(name, ["windows", size])) for name, size in outputs),
    )


def main():
    parser = argparse.ArgumentParser(description="Converts musicnn to ONNX.")
    parser.add_argument("out")
    parser.add_argument("--wheel", help=f"{WHEEL}; default: pip downloads it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        variables = read_variables(*checkpoint_files(options.wheel or download(folder)))
    model = message((1, 7), (2, "stm-lab musicnn.py"), (7, network(variables)), (8, message((1, ""), (2, 12))))
    os.makedirs(os.path.dirname(os.path.abspath(options.out)), exist_ok=True)
    making = f"{options.out}.{os.getpid()}.tmp"
    with open(making, "wb") as file:
        file.write(model)
    os.replace(making, options.out)
    print(hashlib.sha256(model).hexdigest())


if __name__ == "__main__":
    main()
