"""Writes resampled.json: numbers of scipy.signal.resample_poly (SciPy version in the file) for test/audio/resample.test.ts."""
import json
import numpy as np
import scipy
from scipy.signal import resample_poly

cases = []
for rate, length in ((8000, 61), (16000, 20), (22050, 500), (44100, 1000), (48000, 301), (11025, 333), (96000, 700), (1, 3)):
    i = np.arange(length)
    x = np.float32(np.sin(0.07 * i * i % 7) + 0.3 * np.cos(1.3 * i))
    divisor = np.gcd(16000, rate)
    y = resample_poly(x.astype(np.float64), 16000 // divisor, rate // divisor)
    keep = np.unique(np.linspace(0, len(y) - 1, 60).astype(int))
    cases.append(dict(rate=rate, length=length, outputs=len(y), at=keep.tolist(), values=y[keep].tolist()))
json.dump(dict(scipy=scipy.__version__, cases=cases), open("resampled.json", "w"))
