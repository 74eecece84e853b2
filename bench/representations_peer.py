"""One-thread peers of the modulation representations, for bench/representations.ts: soundsig (modulation power spectrum)
and PyGaborSTM (cortical representation).

    python representations_peer.py FOLDER

FOLDER holds N.samples.npy (4 s at 16 kHz) and N.cochleagram.npy (150 x 500, dB less their mean). Writes beside them
N.spectrogram.npy and N.mps.npy (soundsig's), N.plane.npy (mean over time and frequency of PyGaborSTM's filters on the
given cochleagram) and N.own.npy (the same with its own front end); prints seconds of processor time of each, and axes.
"""
import json
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
import numpy as np
import pygaborstm
from soundsig.sound import mps, spectrogram

folder = Path(sys.argv[1])
own = pygaborstm.PyGaborSTM(pygaborstm.Config())
matched = pygaborstm.PyGaborSTM(pygaborstm.Config(n_filters=150, octaves=150 * 128 / (24 * 151), frmlen_ms=8))
timings = []
axes = {}


def timed(run):
    began = time.process_time()
    result = run()
    return time.process_time() - began, result


def average(response):
    """Scales x rates."""
    return np.ascontiguousarray(response.data.mean(axis=(0, 3)).T, np.float64)


def soundsig_mps(samples):
    t, f, z, _ = spectrogram(samples, 16000, 320, 50, max_freq=8000, cmplx=False)
    decibels = 20 * np.log10(np.maximum(np.abs(z), 1e-12))
    return decibels, f, t, mps(decibels, f, t, window=1.0)


count = len(list(folder.glob("*.samples.npy")))
for i in [0, *range(count)]:  # the first once more: it loads tables
    samples = np.load(folder / f"{i}.samples.npy")
    mps_seconds, (decibels, f, t, (wf, wt, power)) = timed(lambda: soundsig_mps(samples))
    cortical_seconds, response = timed(lambda: own.compute(samples))
    plane = matched.rsf(np.load(folder / f"{i}.cochleagram.npy"))
    np.save(folder / f"{i}.spectrogram.npy", np.ascontiguousarray(decibels, np.float64))
    np.save(folder / f"{i}.mps.npy", np.ascontiguousarray(power, np.float64))
    np.save(folder / f"{i}.plane.npy", average(plane))
    np.save(folder / f"{i}.own.npy", average(response))
    timings.append({"mps": mps_seconds, "cortical": cortical_seconds})
    axes = {"rateHz": wt.tolist(), "scaleCycPerKHz": (1000 * wf).tolist()}
print(json.dumps({"timings": timings[1:], **axes}))
