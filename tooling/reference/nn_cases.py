"""Inputs of the cases of nn-torch.py and sgd-lion.py, and the path of an optimizer."""
import math

import torch

counter = 0


def fill(*shape):
    """Numbers in [-0.79, 0.79], different for each call."""
    global counter
    counter += 1
    i = torch.arange(math.prod(shape))
    return (((i * 37 + 13 * counter + i * i * 5) % 101 - 50) / 64.0).reshape(shape)


def plain(t):
    return {"shape": list(t.shape), "data": [float(f"{v:.15g}") for v in t.detach().flatten().tolist()]}


def optimizer(kind, settings, make, clip=None, rate=None):
    weights = {"w": fill(3, 2), "b": fill(2), "s": fill(1)}
    start = {k: plain(p) for k, p in weights.items()}
    for p in weights.values():
        p.requires_grad_()
    opt = make(list(weights.values()))
    gradients, path = [], []
    for step in range(20):
        if rate:
            opt.param_groups[0]["lr"] = rate(step)
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
