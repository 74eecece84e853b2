"""The usual way to filter modulations, for bench/filter.ts: STFT in dB, 2-D Fourier transform, Griffin and Lim.

    filter_peer.py FOLDER

FOLDER/jobs.json lists jobs: input and output (float32, 16 kHz), rates (Hz) and scales (cyc/oct) between which gains of
1 lie, with action keep or remove, and iterations. Prints the seconds of processor time of each job as JSON.
"""
import json
import sys
import time
from pathlib import Path

import librosa
import numpy as np

RATE, N_FFT, HOP = 16000, 512, 128
FLOOR_DB = -80.0
PER_OCTAVE = 24


def filtered(samples, job):
    spectrum = librosa.stft(samples, n_fft=N_FFT, hop_length=HOP)
    magnitude = np.abs(spectrum)
    top = magnitude.max()
    level = np.maximum(20 * np.log10(magnitude / top + 1e-12), FLOOR_DB)
    hertz = librosa.fft_frequencies(sr=RATE, n_fft=N_FFT)
    octaves = np.log2(np.maximum(hertz, hertz[1]))
    grid = np.arange(np.log2(150.0), np.log2(7800.0), 1 / PER_OCTAVE)
    # Scale is in cycles per octave, as in the cochleagram: the bins are brought to an even grid of log frequency.
    rows = np.stack([np.interp(grid, octaves, column) for column in level.T], axis=1)
    # Mirrored in time and frequency, so that the ends meet.
    tiled = np.block([[rows, rows[:, ::-1]], [rows[::-1], rows[::-1, ::-1]]])
    plane = np.fft.fft2(tiled)
    scale = np.abs(np.fft.fftfreq(tiled.shape[0], 1 / PER_OCTAVE))[:, None]
    rate = np.abs(np.fft.fftfreq(tiled.shape[1], HOP / RATE))[None, :]
    (rate_low, rate_high), (scale_low, scale_high) = job["rate"], job["scale"]
    inside = (rate >= rate_low) & (rate <= rate_high) & (scale >= scale_low) & (scale <= scale_high)
    gain = np.where(inside if job["action"] == "keep" else ~inside, 1.0, 0.0)
    gain[0, 0] = 1.0
    change = np.fft.ifft2(plane * gain).real[: rows.shape[0], : rows.shape[1]] - rows
    wanted = level + np.stack([np.interp(octaves, grid, column) for column in change.T], axis=1)
    return librosa.griffinlim(
        top * 10 ** (wanted / 20), n_iter=job["iterations"], n_fft=N_FFT, hop_length=HOP, length=len(samples), random_state=1
    )


def main():
    folder = Path(sys.argv[1])
    seconds = []
    # Compiled on first use.
    librosa.griffinlim(np.ones((N_FFT // 2 + 1, 8)), n_iter=1, n_fft=N_FFT, hop_length=HOP)
    for job in json.loads((folder / "jobs.json").read_text()):
        samples = np.fromfile(folder / job["input"], dtype="<f4")
        start = time.process_time()
        result = filtered(samples, job)
        seconds.append(time.process_time() - start)
        result.astype("<f4").tofile(folder / job["output"])
    print(json.dumps(seconds))


main()
