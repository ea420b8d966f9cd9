"""Writes packages/math/test/reference/metrics.json: distances of two feature sets.

    python3.11 -m venv V
    V/bin/pip install numpy==2.2.6 scipy==1.15.3 scikit-learn==1.6.1 prdc==0.2 pot==0.9.5
    V/bin/pip download --no-deps pytorch-fid==0.3.0 torch-fidelity==0.4.0 -d wheels
    V/bin/python tooling/reference/metrics.py wheels

pytorch-fid and torch-fidelity import torch, which their formulas do not need: the functions are
taken from the wheels as they are. The features are those of `features` below, which the test makes
again.
"""
import ast
import json
import pathlib
import sys
import zipfile

import numpy as np
import ot
import scipy
import sklearn
from prdc import compute_prdc
from scipy import linalg
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/math/test/reference/metrics.json"


def published(wheel, path, *names):
    """Functions of a wheel's file, without its imports."""
    (file,) = pathlib.Path(sys.argv[1]).glob(wheel)
    tree = ast.parse(zipfile.ZipFile(file).read(path))
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names]
    scope = {"np": np, "linalg": linalg, "get_kwarg": lambda name, given: given[name], "vassert": lambda *_: None}
    exec(compile(ast.Module(found, []), path, "exec"), scope)
    return [scope[name] for name in names]


(frechet,) = published("pytorch_fid-0.3.0*", "pytorch_fid/fid_score.py", "calculate_frechet_distance")
*_, kernel_mmd = published("torch_fidelity-0.4.0*", "torch_fidelity/metric_kid.py", "mmd2", "kernel_poly", "kernel_rbf", "kernel_mmd")
KID = {"kid_kernel": "poly", "kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1}


def features(n, dim, k):
    """[n, dim] of correlated numbers: sums of a few residues."""
    i = np.arange(n * dim, dtype=np.int64)
    row, column = i // dim, i % dim
    one = ((7919 * row * row + 31 * row + 17 * k + 5) % 211) / 105 - 1
    two = ((104729 * (row + 3 * k) * (column + 2) + 37 * column * column + 11) % 173) / 86 - 1
    return (two + (column % 3) * one / 2 + k * (column % 2) / 4).reshape(n, dim)


def case(n, m, dim):
    a, b = features(n, dim, 0), features(m, dim, 1)
    stats = lambda x: (x.mean(0), np.atleast_2d(np.cov(x, rowvar=False)))
    neighbors = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(a)
    distances, indices = neighbors.kneighbors(b[:4])
    out = {
        "n": n, "m": m, "dim": dim,
        "first": [float(a[1, 0]), float(b[-1, -1])],
        "frechet": float(frechet(*stats(a), *stats(b))),
        "prdc": {k: {key: float(v) for key, v in compute_prdc(a, b, k).items()} for k in (1, 3, 5)},
        "self": {key: float(v) for key, v in compute_prdc(a, a, 5).items()},
        "nearest": {"indices": indices.tolist(), "distances": distances.tolist()},
        "wasserstein": [float(ot.wasserstein_1d(a[:, j], b[:, j], p=2) ** 0.5) for j in range(2)],
    }
    rbf = lambda x, y: rbf_kernel(x, y, gamma=1 / (2 * 1.5**2))
    off = lambda g: (g.sum() - np.trace(g)) / (len(g) * (len(g) - 1))
    out["mmd"] = float(off(rbf(a, a)) + off(rbf(b, b)) - 2 * rbf(a, b).mean())
    if n == m:
        out["kid"] = float(kernel_mmd(a, b, **KID))
    return out


versions = f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, POT {ot.__version__}"
OUT.write_text(json.dumps({
    "provenance": f"pytorch-fid 0.3.0, torch-fidelity 0.4.0, prdc 0.2, {versions}, written by tooling/reference/metrics.py",
    "cases": [case(60, 60, 3), case(90, 70, 7), case(40, 40, 16), case(30, 30, 40)],
}) + "\n")
