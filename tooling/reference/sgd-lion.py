"""Writes packages/nn/test/reference/sgd-lion.json with the paths of PyTorch's SGD and of Lion.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 lion-pytorch==0.2.5
    V/bin/python tooling/reference/sgd-lion.py

All numbers are float64. Inputs are multiples of 1/64, so they are exact in float32.
"""
import json
import math
import pathlib

import torch
from lion_pytorch import Lion

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/nn/test/reference/sgd-lion.json"
counter = 0


def fill(*shape):
    """Numbers in [-0.79, 0.79], different for each call."""
    global counter
    counter += 1
    i = torch.arange(math.prod(shape))
    return (((i * 37 + 13 * counter + i * i * 5) % 101 - 50) / 64.0).reshape(shape)


def plain(t):
    return {"shape": list(t.shape), "data": [float(f"{v:.15g}") for v in t.detach().flatten().tolist()]}


def case(kind, settings, make, clip=None):
    weights = {"w": fill(3, 2), "b": fill(2), "s": fill(1)}
    start = {k: plain(p) for k, p in weights.items()}
    for p in weights.values():
        p.requires_grad_()
    opt = make(list(weights.values()))
    gradients, path = [], []
    for step in range(20):
        g = {k: fill(*p.shape) * (4 if step == 7 else 1) for k, p in weights.items()}
        gradients.append({k: plain(v) for k, v in g.items()})
        for k, p in weights.items():
            p.grad = g[k].clone()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(list(weights.values()), clip)
        opt.step()
        if step in (0, 1, 9, 19):
            path.append({"step": step + 1, **{k: plain(p) for k, p in weights.items()}})
    return {"kind": kind, "settings": settings, "clipNorm": clip, "start": start, "gradients": gradients, "path": path}


SGD = torch.optim.SGD
cases = [
    case("sgd", {}, lambda p: SGD(p)),
    case("sgd", {"learningRate": 0.05, "momentum": 0.9}, lambda p: SGD(p, lr=0.05, momentum=0.9)),
    case("sgd", {"learningRate": 0.02, "momentum": 0.8, "nesterov": True, "weightDecay": 0.1},
         lambda p: SGD(p, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1), clip=0.5),
    case("sgd", {"learningRate": 0.1, "weightDecay": 0.2}, lambda p: SGD(p, lr=0.1, weight_decay=0.2)),
    case("lion", {}, lambda p: Lion(p)),
    case("lion", {"learningRate": 0.01, "betas": [0.8, 0.95], "weightDecay": 0.3},
         lambda p: Lion(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.3)),
]
provenance = f"PyTorch {torch.__version__.split('+')[0]} and lion-pytorch 0.2.5, float64, written by tooling/reference/sgd-lion.py"
OUT.write_text(json.dumps({"provenance": provenance, "cases": cases}) + "\n")
