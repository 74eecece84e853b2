"""One-thread float32 NumPy/SciPy peer of the STM extraction, for bench/extract.mjs.

Reads JSON lines {"samples": path of a float32 .npy, "rate": Hz} on standard input, answers each with the seconds of
processor and wall time spent, the number of excerpts, and writes the features beside the input; or {"files": paths of WAV
files, "rate": Hz}, each read and analysed. Vectorised over
channels as one would in NumPy: one forward transform, 150 windows, one batch of inverse transforms.
"""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import json
import math
import sys
import time

import numpy as np
import scipy
import scipy.fft
import scipy.io.wavfile
import scipy.signal

centre = 440 * 2 ** ((-31 + np.arange(150) * 128 / 151) / 24)
width = 24.7 * (4.37 * centre / 1000 + 1)
low, high = np.floor(centre - width / 2 + 0.5), np.floor(centre + width / 2 + 0.5)
sigma = (high - low) / (2 * math.sqrt(2 * math.log(2)))
hertz = np.arange(32001) * 0.25
window = 2 * np.exp(-0.5 * ((hertz - ((low + high) / 2)[:, None]) / sigma[:, None]) ** 2)
window[:, 0] /= 2
window = window.astype(np.float32)


def longest_silence(x):
    quiet = np.concatenate(([0], (np.abs(x) < 0.02).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(quiet))
    return (edges[1::2] - edges[::2]).max() if len(edges) else 0


def modulation(excerpt, rate):
    divisor = math.gcd(16000, rate)
    if rate != 16000:
        excerpt = scipy.signal.resample_poly(excerpt, 16000 // divisor, rate // divisor)
    spectrum = scipy.fft.rfft(excerpt.astype(np.float32))
    band = np.zeros((150, 64000), np.complex64)
    np.multiply(spectrum, window, out=band[:, :32001])
    envelope = np.abs(scipy.fft.ifft(band, axis=1, overwrite_x=True))
    frames = np.maximum(scipy.signal.resample_poly(envelope, 1, 128, axis=1), 0)
    with np.errstate(divide="ignore"):
        decibels = np.maximum(20 * np.log10(frames) + 80, 0)
    return np.abs(np.fft.fftshift(scipy.fft.fft2(decibels)))[75:114:2, 190:311]


def features(x, rate):
    total, count = 0, 0
    for start in range(0, len(x) - 4 * rate + 1, 4 * rate):
        excerpt = x[start : start + 4 * rate]
        excerpt = (excerpt * (0.1 / np.sqrt(np.mean(excerpt.astype(np.float64) ** 2)))).astype(np.float32)
        if longest_silence(excerpt) >= rate:
            continue
        total = total + modulation(excerpt, rate)
        count += 1
        if count == 30:
            break
    decibels = 10 * np.log10(total / count)
    return (decibels - decibels.min()) / (decibels.max() - decibels.min()), count


print(json.dumps(dict(numpy=np.__version__, scipy=scipy.__version__)), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    x = np.load(job["samples"]) if "samples" in job else None
    wall, cpu = time.perf_counter(), time.process_time()
    for file in job.get("files", []):
        result, count = features(scipy.io.wavfile.read(file)[1].astype(np.float32) / 32768, job["rate"])
    if x is not None:
        result, count = features(x, job["rate"])
    answer = dict(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu, excerpts=count)
    if x is not None:
        np.save(job["samples"] + ".features.npy", result.ravel().astype(np.float32))
    print(json.dumps(answer), flush=True)
