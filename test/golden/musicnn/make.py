"""Writes the golden values of musicnn beside this file, or into a folder: TF_USE_LEGACY_KERAS=1 python make.py [FOLDER]

Needs musicnn 0.1.0 (installed without its dependencies), tensorflow, tf-keras and librosa: `npm run test:musicnn` makes such an
environment. The package's own code computes everything, except that

- the ends of a signal are mirrored, as by librosa before 0.10, which the package asks for; later versions set zeros beyond them.
- the spectrogram stays float32. The package rounds it to float16, in which 10000 x overflows for x > 6.55: the
  embedding of each of these sounds is infinite. How far the rounding alone takes it, 40 dB lower, is in `unchanged`;
- the patches of a sound are one batch: in several, the package repeats the first one's penultimate layer.

embeddings.npy: sounds and rates x 753, max_pool averaged over patches of 187 frames every 61 (1 s). log_mel.npy: sounds x frames x 96.
expected.json: the other outputs for the first row, which rows and frames these are, how far the unchanged package is away, and
mel spectrograms of librosa with other options.
"""

import json
import math
import os
import sys
import tempfile
import types
import wave
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import librosa
import numpy as np
import scipy
import soundfile
import tensorflow as tf
from musicnn import extractor as package
from scipy.signal import resample_poly

here = Path(__file__).parent
out = Path(sys.argv[1]) if len(sys.argv) > 1 else here
SOUNDS = ["espeak_cmn", "espeak_en-us", "ripple_up_4hz_1cpo_16k"]
RATES = [16000, 8000, 44100, 48000]
FRAMES = [0, 1, 2, 60, 125, 190, 248, 249, 250]


def read(name):
    with wave.open(str(here.parent / "stm" / "audio" / f"{name}.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768
        return samples[: 4 * file.getframerate()], file.getframerate()


def to_rate(samples, old, new):
    divisor = math.gcd(old, new)
    return resample_poly(samples, new // divisor, old // divisor).astype(np.float32)


package.config.BATCH_SIZE = 2
mel = librosa.feature.melspectrogram


def change(is_changed):
    """Puts the two changes in place, or takes them back."""
    package.np = types.SimpleNamespace(**{**vars(np), "float16": np.float32}) if is_changed else np
    librosa.feature.melspectrogram = (lambda **given: mel(**given, pad_mode="reflect")) if is_changed else mel


def features_of(excerpt):
    """The features of 4 s at 16 kHz, patch by patch, and the spectrogram."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "a.wav")
        soundfile.write(file, excerpt, 16000, subtype="FLOAT")
        _, _, features = package.extractor(file, model="MSD_musicnn", input_overlap=1)
        return features, package.batch_data(file, 187, 61)[1]


def variants():
    """Mel spectrograms of a short signal, as librosa computes them: power summed by bands, no compression."""
    i = np.arange(1000)
    signal = np.sin(0.0004 * i * i) + 0.3 * np.cos(0.7 * i)
    common = {"y": signal, "sr": 16000, "n_fft": 256, "hop_length": 100, "n_mels": 6, "fmin": 100, "fmax": 6000}
    options = {
        "slaney area mirrored": {"htk": False, "norm": "slaney", "pad_mode": "reflect"},
        "slaney area zeros": {"htk": False, "norm": "slaney", "pad_mode": "constant"},
        "slaney height inside": {"htk": False, "norm": None, "center": False},
        "htk area inside": {"htk": True, "norm": "slaney", "center": False},
        "htk height mirrored": {"htk": True, "norm": None, "pad_mode": "reflect"},
    }
    return {name: mel(**common, **own).T.ravel().tolist() for name, own in options.items()}


change(True)
rows, spectrograms, others = [], [], {}
for sound in SOUNDS:
    samples, rate = read(sound)
    for new in RATES:
        excerpt = to_rate(to_rate(samples, rate, new).astype(np.float64), new, 16000)
        features, spectrogram = features_of(excerpt)
        assert features["max_pool"].shape == (2, 753) and spectrogram.shape == (251, 96)
        rows.append(features["max_pool"].astype(np.float64).mean(axis=0))
        if new == 16000:
            spectrograms.append(spectrogram[FRAMES])
        if not others:
            others = {name: features[name].astype(np.float64).mean(axis=0).tolist() for name in ("mean_pool", "penultimate")}
unchanged = {}
for i, sound in enumerate(SOUNDS):
    samples, rate = read(sound)
    for level in (1, 0.01):
        heard = np.float32(level) * to_rate(to_rate(samples, rate, 16000).astype(np.float64), 16000, 16000)
        both = []
        for is_changed in (True, False):
            change(is_changed)
            both.append(features_of(heard)[0]["max_pool"].mean(axis=0))
        distance = float(np.abs(both[1] - both[0]).max())
        unchanged[f"{sound} x {level}"] = distance if math.isfinite(distance) else "infinite"

np.save(out / "embeddings.npy", np.array(rows, np.float32))
np.save(out / "log_mel.npy", np.array(spectrograms, np.float32))
result = {
    "tool": f"musicnn 0.1.0, tensorflow {tf.__version__}, librosa {librosa.__version__}, numpy {np.__version__}, scipy {scipy.__version__}",
    "sounds": SOUNDS,
    "rates": RATES,
    "frames": FRAMES,
    **others,
    "unchanged": unchanged,
    "librosa": variants(),
}
rounded = json.loads(json.dumps(result), parse_float=lambda text: float(f"{float(text):.8g}"))
(out / "expected.json").write_text(json.dumps(rounded) + "\n")
