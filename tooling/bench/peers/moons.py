"""PyTorch's side of the two-moons benchmark: an MLP denoiser of about 100,000 parameters, T = 1000 linear, batch 256.

Prints one JSON object: milliseconds a training step on one thread.
"""
import argparse, json, math, statistics, time

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)


class Denoiser(nn.Module):
    def __init__(self, width=210, frequencies=32):
        super().__init__()
        self.frequencies = torch.exp(-math.log(10000) * torch.arange(frequencies) / frequencies)
        sizes = [2 + 2 * frequencies, width, width, width]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.out = nn.Linear(width, 2)

    def forward(self, x, t):
        angle = t[:, None].float() * self.frequencies
        h = torch.cat([x, angle.sin(), angle.cos()], 1)
        for layer in self.layers:
            h = nn.functional.silu(layer(h))
        return self.out(h)


betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
alphas_cumprod = torch.cumprod(1 - betas, 0)
signal, noise_level = alphas_cumprod.sqrt().float(), (1 - alphas_cumprod).sqrt().float()
angle = torch.rand(8000) * math.pi
outer = torch.rand(8000) < 0.5
points = torch.stack([torch.where(outer, angle.cos(), 1 - angle.cos()), torch.where(outer, angle.sin(), 0.5 - angle.sin())], 1)
points = points + 0.05 * torch.randn_like(points)
points = (points - points.mean(0)) / points.std(0)
model = Denoiser()
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
times = []
for i in range(options.steps + 50):
    start = time.perf_counter()
    x0 = points[torch.randint(0, len(points), (256,))]
    t = torch.randint(0, 1000, (256,))
    epsilon = torch.randn_like(x0)
    x = signal[t, None] * x0 + noise_level[t, None] * epsilon
    optimiser.zero_grad()
    loss = ((model(x, t) - epsilon) ** 2).mean()
    loss.backward()
    optimiser.step()
    loss.item()
    if i >= 50:
        times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({
    "torch": torch.__version__,
    "threads": options.threads,
    "parameters": sum(p.numel() for p in model.parameters()),
    "stepMs": statistics.median(times),
    "stepMsQuartiles": [float(np.percentile(times, 25)), float(np.percentile(times, 75))],
}))
