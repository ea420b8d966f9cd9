"""Writes packages/cli/test/reference/export: the weights of a PyTorch module by its own names, and
what the module gives for some inputs. `gen export --weights` takes them.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 safetensors==0.8.0 numpy==2.4.6
    V/bin/python tooling/reference/export-torch.py

The other way around, with weights of `gen export --to safetensors --names-map names.json` for points
of the plane and --width 8, and a model of `gen export --to onnx`:

    V/bin/pip install onnxruntime==1.32.0
    V/bin/python tooling/reference/export-torch.py WEIGHTS.safetensors MODEL.onnx

prints the greatest difference between the module with these weights and ONNX Runtime.
"""
import json
import math
import pathlib
import sys

import safetensors
import torch
from safetensors.torch import load_file, save_file

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/cli/test/reference/export"


class Denoiser(torch.nn.Module):
    def __init__(self):
        super().__init__()
        widths = [2 + 64, 8, 8, 8, 2]
        layers = []
        for a, b in zip(widths, widths[1:]):
            layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*layers[:-1])

    def forward(self, sample, timestep):
        rates = torch.exp(-math.log(10000.0) * torch.arange(32) / 31)
        angles = timestep[:, None].float() * rates
        return self.net(torch.cat([sample, angles.sin(), angles.cos()], dim=1))


torch.manual_seed(0)
model = Denoiser()
sample, timestep = torch.randn(5, 2), torch.tensor([0, 1, 20, 500, 999])

if len(sys.argv) == 3:
    import onnxruntime

    model.load_state_dict(load_file(sys.argv[1]), strict=True)
    session = onnxruntime.InferenceSession(sys.argv[2])
    (theirs,) = session.run(None, {"sample": sample.numpy(), "timestep": timestep.numpy()})
    print(abs(model(sample, timestep).detach().numpy() - theirs).max())
else:
    OUT.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), OUT / "torch.safetensors", metadata={"format": "pt"})
    names = {f"layers.{i}.": f"net.{2 * i}." for i in range(4)}
    (OUT / "names.json").write_text(json.dumps(names, indent=2) + "\n")
    (OUT / "outputs.json").write_text(
        json.dumps(
            {
                "provenance": f"torch {torch.__version__}, safetensors {safetensors.__version__}, by tooling/reference/export-torch.py",
                "sample": sample.tolist(),
                "timestep": timestep.tolist(),
                "output": model(sample, timestep).tolist(),
            },
            indent=1,
        )
        + "\n"
    )
