"""PyTorch's side of the tables: the formulas of diffusers' schedulers in float64, as Debian has no diffusers.

`schedule` makes the betas of 1,000 steps and the tables people use beside them; `ddim` sets 1,000 time steps and computes
the scalars of each step, as DDIMScheduler's set_timesteps and step do.
"""
import numpy as np
import torch

import serve

T = 1000


def schedule():
    betas = torch.linspace(1e-4, 0.02, T, dtype=torch.float64)
    alphas = 1.0 - betas
    cumprod = torch.cumprod(alphas, dim=0)
    previous = torch.cat([torch.ones(1, dtype=torch.float64), cumprod[:-1]])
    variance = betas * (1 - previous) / (1 - cumprod)
    snr = cumprod / (1 - cumprod)
    return [
        *(betas, alphas, cumprod, previous, cumprod.sqrt(), (1 - cumprod).sqrt(), (1 / cumprod).sqrt()),
        *(((1 - cumprod) / cumprod).sqrt(), snr, snr.log(), variance, torch.cat([variance[1:2], variance[1:]]).log()),
        *(betas * previous.sqrt() / (1 - cumprod), (1 - previous) * alphas.sqrt() / (1 - cumprod)),
    ]


alphas_cumprod = torch.cumprod(1.0 - torch.linspace(1e-4, 0.02, T, dtype=torch.float64), dim=0)
final = torch.tensor(1.0, dtype=torch.float64)


def ddim(eta=0.0):
    timesteps = torch.from_numpy((np.arange(0, T) * (T // T)).round()[::-1].copy().astype(np.int64))
    rows = []
    for t in timesteps:
        before = t - T // T
        now = alphas_cumprod[t]
        then = alphas_cumprod[before] if before >= 0 else final
        variance = ((1 - then) / (1 - now)) * (1 - now / then)
        deviation = eta * variance**0.5
        rows.append((now**0.5, (1 - now) ** 0.5, then**0.5, (1 - then - deviation**2) ** 0.5, deviation))
    return rows


makers = {"schedule": schedule, "ddim": ddim}


def first(what):
    return serve.timed(makers[what], 1)[0]


serve.answer({"first": first, "steps": lambda what, count: serve.timed(makers[what], count)})
