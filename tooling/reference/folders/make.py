"""Tiny folders of diffusion models as real exporters write them, with PyTorch's trajectories.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/make.py OUT [NAME ...]

OUT/NAME is a folder as the exporter writes it. Its models are packed by gzip into OUT/blobs, the same
bytes once; `files` of OUT/NAME/golden.json has their names. OUT/NAME/golden.safetensors holds the
latents before the first step and after each step of the real pipelines in float32 ("CASE.latents"
[steps + 1, ...]), with their conditions. golden.json names the cases, their schedulers and the
versions. tooling/fixtures/model-folder.ts reads all of it.
"""

import gzip
import hashlib
import importlib.metadata
import json
import pathlib
import re
import shutil
import sys
import tempfile

import torch
from safetensors.torch import save_file

import folders

PACKAGES = ["torch", "diffusers", "transformers", "optimum", "optimum-onnx", "onnx"]


def versions():
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def pack(folder):
    """Moves a folder's models into blobs, named by their hash."""
    blobs = folder.parent / "blobs"
    blobs.mkdir(exist_ok=True)
    files = {}
    for path in sorted([*folder.rglob("*.onnx"), *folder.rglob("*.onnx_data"), *folder.rglob("*.pb")]):
        data = path.read_bytes()
        blob = f"{hashlib.sha256(data).hexdigest()[:16]}.gz"
        (blobs / blob).write_bytes(gzip.compress(data, 9, mtime=0))
        files[str(path.relative_to(folder))] = blob
        path.unlink()
    return files


def strip_paths(folder):
    """Leaves out where a part was loaded from, a path of this machine."""
    for path in folder.rglob("*.json"):
        path.write_text(re.sub(r'^ *"_name_or_path": .*\n', "", path.read_text(), flags=re.MULTILINE))


def main(out, *names):
    for name in names or folders.ALL:
        torch.manual_seed(0)
        target = pathlib.Path(out) / name
        shutil.rmtree(target, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = folders.ALL[name](target, pathlib.Path(scratch))
        strip_paths(target)
        files = pack(target)
        if tensors:
            save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, target / "golden.safetensors")
        golden = {"provenance": "tooling/reference/folders/make.py", "versions": versions(), "files": files, "cases": cases}
        (target / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
