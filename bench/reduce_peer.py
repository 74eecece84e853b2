"""scikit-learn's side of bench/reduce.ts, and the data that both sides read.

    reduce_peer.py make FILE ROWS COLUMNS
    reduce_peer.py METHOD FILE COMPONENTS     METHOD: incremental, exact-covariance, exact-full
"""
import json
import resource
import sys
import time

import numpy as np


def make(file, rows, columns):
    """Rows with a spectrum falling like 1/k, squeezed into 0 .. 1 as STM features are."""
    rng = np.random.RandomState(1)
    latent = min(400, columns)
    mixing = rng.standard_normal((latent, columns)).astype(np.float32)
    mixing *= (1 / np.sqrt(np.arange(1, latent + 1, dtype=np.float32)))[:, None]
    out = np.lib.format.open_memmap(file, mode="w+", dtype=np.float32, shape=(rows, columns))
    for start in range(0, rows, 4096):
        n = min(4096, rows - start)
        x = rng.standard_normal((n, latent)).astype(np.float32) @ mixing
        x += rng.standard_normal((n, columns)).astype(np.float32)
        out[start : start + n] = 1 / (1 + np.exp(-x / 4))
    out.flush()


def fit(method, file, components):
    import sklearn
    from sklearn.decomposition import PCA, IncrementalPCA
    from sklearn.preprocessing import StandardScaler

    times = {}
    start = time.perf_counter()

    def lap(name):
        nonlocal start
        now = time.perf_counter()
        times[name] = now - start
        start = now

    x = np.load(file)
    lap("load")
    scaler = StandardScaler(copy=False)
    x = scaler.fit_transform(x)
    lap("standardise")
    if method == "incremental":
        pca = IncrementalPCA(n_components=components)
    else:
        solver = {"exact-covariance": "covariance_eigh", "exact-full": "full"}[method]
        pca = PCA(n_components=components, svd_solver=solver, copy=False)
    pca.fit(x)
    lap("fit")
    pca.transform(x)
    lap("transform")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "name": f"scikit-learn {sklearn.__version__}",
                "times": times,
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak": usage.ru_maxrss / 1024,
                "variance": pca.explained_variance_.tolist(),
                "captured": float(pca.explained_variance_ratio_.sum()),
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        fit(sys.argv[1], sys.argv[2], int(sys.argv[3]))
