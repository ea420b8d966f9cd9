"""Writes packages/ddpm/test/reference/edm.json with EDM's preconditioning, loss and gradients.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 numpy==2.4.0
    V/bin/python tooling/reference/edm-loss.py

Everything is float64. The loss is that of NVlabs' training/loss.py: lambda (D(y + n; sigma) - y)^2,
with D of EDMPrecond in training/networks.py, written anew from Karras et al. 2022, table 1. The
network F is linear in x and in its time. Weights, data, noise and sigma are multiples of 1/64.
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(5)
OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/ddpm/test/reference/edm.json"
BATCH, FEATURES = 5, 3


def fill(*shape, scale=1.0):
    return torch.round(torch.empty(shape).uniform_(-1, 1) * 64) / 64 * scale


def plain(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def table(sigma, data):
    square = sigma**2 + data**2
    return {
        "skip": data**2 / square,
        "output": sigma * data / square.sqrt(),
        "input": 1 / square.sqrt(),
        "noise": sigma.log() / 4,
        "weight": square / (sigma * data) ** 2,
    }


sigma = torch.tensor([1 / 64, 0.25, 0.5, 3.0, 80.0])
x0, epsilon = fill(BATCH, FEATURES), fill(BATCH, FEATURES, scale=2.0)
cases = []
for data in (0.5, 1.0, 0.75):
    p = {"weight": fill(FEATURES, FEATURES), "time": fill(FEATURES), "bias": fill(FEATURES)}
    p = {k: v.requires_grad_() for k, v in p.items()}
    c = {k: v[:, None] for k, v in table(sigma, data).items()}
    noisy = x0 + sigma[:, None] * epsilon
    output = c["input"] * noisy @ p["weight"].T + c["noise"] * p["time"] + p["bias"]
    clean = c["skip"] * noisy + c["output"] * output
    loss = (c["weight"] * (clean - x0) ** 2).mean()
    loss.backward()
    cases.append({
        "dataDeviation": data,
        "preconditioning": {k: v.tolist() for k, v in table(sigma, data).items()},
        "weights": {k: plain(v) for k, v in p.items()},
        "loss": loss.item(),
        "gradients": {k: plain(v.grad) for k, v in p.items()},
    })
provenance = f"PyTorch {torch.__version__.split('+')[0]}, float64, written by tooling/reference/edm-loss.py"
inputs = {"sigma": plain(sigma), "x0": plain(x0), "epsilon": plain(epsilon)}
OUT.write_text(json.dumps({"provenance": provenance, "inputs": inputs, "cases": cases}) + "\n")
