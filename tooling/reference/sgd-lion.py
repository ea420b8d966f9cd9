"""Writes packages/nn/test/reference/sgd-lion.json with the paths of PyTorch's SGD and of Lion.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 lion-pytorch==0.2.5
    V/bin/python tooling/reference/sgd-lion.py

All numbers are float64. Inputs are multiples of 1/64, so they are exact in float32.
"""
import json
import pathlib

import torch
from lion_pytorch import Lion

from nn_cases import optimizer

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/nn/test/reference/sgd-lion.json"

SGD = torch.optim.SGD
cases = [
    optimizer("sgd", {}, lambda p: SGD(p)),
    optimizer("sgd", {"learningRate": 0.05, "momentum": 0.9}, lambda p: SGD(p, lr=0.05, momentum=0.9)),
    optimizer("sgd", {"learningRate": 0.02, "momentum": 0.8, "nesterov": True, "weightDecay": 0.1},
              lambda p: SGD(p, lr=0.02, momentum=0.8, nesterov=True, weight_decay=0.1), clip=0.5),
    optimizer("sgd", {"learningRate": 0.1, "weightDecay": 0.2}, lambda p: SGD(p, lr=0.1, weight_decay=0.2)),
    optimizer("lion", {}, lambda p: Lion(p)),
    optimizer("lion", {"learningRate": 0.01, "betas": [0.8, 0.95], "weightDecay": 0.3},
              lambda p: Lion(p, lr=0.01, betas=(0.8, 0.95), weight_decay=0.3)),
]
provenance = f"PyTorch {torch.__version__.split('+')[0]} and lion-pytorch 0.2.5, float64, written by tooling/reference/sgd-lion.py"
OUT.write_text(json.dumps({"provenance": provenance, "cases": cases}) + "\n")
