"""The two-moons peer in PyTorch: an MLP denoiser of about 100,000 parameters, T = 1000 linear,
batch 256."""
import math

import torch
from torch import nn

import serve, serve_torch


class Denoiser(nn.Module):
    def __init__(self, width=210, frequencies=32):
        super().__init__()
        self.frequencies = torch.exp(-math.log(10000) * torch.arange(frequencies) / (frequencies - 1))
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
signal, noise_level = alphas_cumprod.sqrt(), (1 - alphas_cumprod).sqrt()
signal32, noise32 = signal.float(), noise_level.float()


def moons(n):
    angle = torch.rand(n) * math.pi
    outer = torch.arange(n) % 2 == 0
    points = torch.stack([torch.where(outer, angle.cos(), 1 - angle.cos()), torch.where(outer, angle.sin(), 0.5 - angle.sin())], 1)
    return points + 0.05 * torch.randn_like(points)


def standardized(n):
    """Training points, and a function that draws new points on the same scale."""
    points = moons(n)
    mean, deviation = points.mean(0), points.std(0)
    return (points - mean) / deviation, lambda count: (moons(count) - mean) / deviation


def trainer(points, rate=lambda step: 1e-3, decay=None):
    model = Denoiser()
    average = [p.detach().clone() for p in model.parameters()]
    epsilon_of, optimizer = serve_torch.prepare(model), serve_torch.adam(model.parameters())
    count = 0

    def step():
        nonlocal count
        for group in optimizer.param_groups:
            group["lr"] = rate(count)
        x0 = points[torch.randint(0, len(points), (256,))]
        t = torch.randint(0, 1000, (256,))
        epsilon = torch.randn_like(x0)
        x = signal32[t, None] * x0 + noise32[t, None] * epsilon
        optimizer.zero_grad()
        loss = ((epsilon_of(x, t) - epsilon) ** 2).mean()
        loss.backward()
        optimizer.step()
        if decay is not None:
            share = 1 - min(decay, (1 + count) / (10 + count))
            with torch.no_grad():
                torch._foreach_mul_(average, 1 - share)
                torch._foreach_add_(average, [p.detach() for p in model.parameters()], alpha=share)
        count += 1
        return loss.item()

    return model, average, step


@torch.no_grad()
def sample(model, n, times, eta, clip=3.0):
    """DDIM (Song et al. 2021, eq. 12 and 16). Eta 1 over all steps is DDPM. Epsilon is computed
    from the clipped x0."""
    x = torch.randn(n, 2)
    for i, t in enumerate(times):
        before = times[i + 1] if i + 1 < len(times) else -1
        s, o = signal[t].item(), noise_level[t].item()
        s2, o2 = (signal[before].item(), noise_level[before].item()) if before >= 0 else (1.0, 0.0)
        x0 = ((x - o * model(x, torch.full((n,), t))) / s).clamp(-clip, clip)
        epsilon = (x - s * x0) / o
        sigma = eta * o2 / o * math.sqrt(max(0.0, 1 - (s / s2) ** 2))
        x = s2 * x0 + math.sqrt(max(0.0, o2 * o2 - sigma * sigma)) * epsilon
        if sigma > 0:
            x = x + sigma * torch.randn_like(x)
    return x


def sliced_wasserstein(a, b, directions=256):
    d = torch.randn(directions, 2, dtype=torch.float64)
    d = d / d.norm(dim=1, keepdim=True)
    a, b = (a.double() @ d.T).sort(0).values, (b.double() @ d.T).sort(0).values
    return ((a - b) ** 2).mean().sqrt().item()


_, _, train_step = trainer(standardized(8000)[0])


def steps(count):
    return serve.time_steps(train_step, count)


def quality(steps, seed, n, peak, warm_up, decay):
    """Distances to new data. After `warm_up` steps the rate decays to 0 as a cosine. `decay` is
    that of the averaged weights."""
    torch.manual_seed(seed)
    data, fresh = standardized(8000)
    def rate(k):
        if k < warm_up:
            return peak * (k + 1) / warm_up
        return peak * (1 + math.cos(math.pi * (k - warm_up) / (steps - warm_up))) / 2

    model, average, step = trainer(data, rate, decay)
    for k in range(steps):
        step()
    with torch.no_grad():
        for p, mean in zip(model.parameters(), average):
            p.copy_(mean)
    ddpm, ddim = sample(model, n, list(range(999, -1, -1)), 1.0), sample(model, n, list(range(980, -1, -20)), 0.0)
    return {"ddpm": sliced_wasserstein(ddpm, fresh(n)), "ddim": sliced_wasserstein(ddim, fresh(n))}


serve_torch.answer({"steps": steps, "quality": quality})
