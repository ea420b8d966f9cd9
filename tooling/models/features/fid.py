"""Prints pytorch-fid's distance of the first 400 training digits from the held-out ones.

    python3.11 -m venv V
    V/bin/pip install numpy==2.2.6 scipy==1.15.3 onnxruntime==1.22.1
    V/bin/pip download --no-deps pytorch-fid==0.3.0 -d wheels
    V/bin/python tooling/models/features/fid.py wheels training.npy held-out.npy

The arrays are images in [-1, 1], as packages/cli/test/evaluate.test.ts writes them. The features
are those of packages/cli/assets/features-digits.onnx. The function is taken from pytorch-fid's
wheel as it is, because its module imports torch.
"""
import ast
import pathlib
import sys
import zipfile

import numpy as np
import onnxruntime
from scipy import linalg

wheels, *arrays = sys.argv[1:]
(wheel,) = pathlib.Path(wheels).glob("pytorch_fid-0.3.0*")
tree = ast.parse(zipfile.ZipFile(wheel).read("pytorch_fid/fid_score.py"))
found = [n for n in tree.body if getattr(n, "name", "") == "calculate_frechet_distance"]
scope = {"np": np, "linalg": linalg}
exec(compile(ast.Module(found, []), "fid_score.py", "exec"), scope)

model = pathlib.Path(__file__).parents[3] / "packages/cli/assets/features-digits.onnx"
session = onnxruntime.InferenceSession(str(model))
moments = []
for name in arrays:
    (features,) = session.run(["features"], {"x": np.load(name)})
    moments += [features.mean(0, dtype=np.float64), np.cov(features.astype(np.float64), rowvar=False)]
print(scope["calculate_frechet_distance"](*moments))
