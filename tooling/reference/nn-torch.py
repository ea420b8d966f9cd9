"""Writes packages/nn/test/reference/{layers,optimisers}.json with PyTorch's own numbers.

Run with Debian's python3-torch 1.13: OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tooling/reference/nn-torch.py
Everything is float64; inputs are multiples of 1/64 and so exact in float32.
"""
import json
import math
import pathlib

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/nn/test/reference"
PROVENANCE = f"PyTorch {torch.__version__}, float64, written by tooling/reference/nn-torch.py"
counter = 0


def fill(*shape):
    """Numbers in [-0.79, 0.79], different for every call."""
    global counter
    counter += 1
    i = torch.arange(math.prod(shape))
    return (((i * 37 + 13 * counter + i * i * 5) % 101 - 50) / 64.0).reshape(shape)


def plain(t):
    return {"shape": list(t.shape), "data": [float(f"{v:.15g}") for v in t.detach().flatten().tolist()]}


def case(name, options, apply, parameters, x):
    """parameters maps our names to leaf tensors."""
    x = x.clone().requires_grad_()
    for p in parameters.values():
        p.requires_grad_()
    output = apply(x)
    probe = fill(*output.shape)
    (output * probe).sum().backward()
    return {
        "name": name,
        "options": options,
        "x": plain(x),
        "parameters": {k: plain(p) for k, p in parameters.items()},
        "output": plain(output),
        "probe": plain(probe),
        "gradients": {"x": plain(x.grad), **{k: plain(p.grad) for k, p in parameters.items()}},
    }


def linear():
    w, b = fill(5, 3), fill(5)
    return case("linear", {}, lambda x: nn.functional.linear(x, w, b), {"l.weight": w, "l.bias": b}, fill(4, 3))


def linear_of_three():
    w, b = fill(2, 3), fill(2)
    return case("linear", {}, lambda x: nn.functional.linear(x, w, b), {"l.weight": w, "l.bias": b}, fill(2, 4, 3))


def convolution(kernel, stride, padding, groups=1):
    w, b = fill(4, 2 // groups, kernel, kernel), fill(4)
    return case(
        "convolution",
        {"kernel": kernel, "stride": stride, "padding": padding, "groups": groups},
        lambda x: nn.functional.conv2d(x, w, b, stride=stride, padding=padding, groups=groups),
        {"l.weight": w, "l.bias": b},
        fill(2, 2, 6, 6),
    )


def group_norm():
    w, b = fill(6), fill(6)
    return case(
        "groupNorm",
        {"groups": 3},
        lambda x: nn.functional.group_norm(x, 3, w, b),
        {"l.weight": w, "l.bias": b},
        fill(2, 6, 2, 3),
    )


def attention(heads):
    c = 4
    scale, shift = fill(c), fill(c)
    qkv, qkv_bias, project, project_bias = fill(3 * c, c), fill(3 * c), fill(c, c), fill(c)
    parameters = {"l.norm.weight": scale, "l.norm.bias": shift}
    for name, t in {
        "l.qkv.weight": qkv.reshape(3 * c, c, 1, 1),
        "l.qkv.bias": qkv_bias,
        "l.project.weight": project.reshape(c, c, 1, 1),
        "l.project.bias": project_bias,
    }.items():
        parameters[name] = t.clone()

    def apply(x):
        n = nn.functional.group_norm(x, 1, scale, shift)
        s = n.flatten(2).transpose(1, 2)
        y, _ = nn.functional.multi_head_attention_forward(
            s.transpose(0, 1), s.transpose(0, 1), s.transpose(0, 1), c, heads,
            parameters["l.qkv.weight"].reshape(3 * c, c), parameters["l.qkv.bias"],
            None, None, False, 0.0,
            parameters["l.project.weight"].reshape(c, c), parameters["l.project.bias"],
        )
        return x + y.permute(1, 2, 0).reshape(x.shape)

    return case("attention", {"heads": heads, "groups": 1}, apply, parameters, fill(2, c, 2, 3))


def residual_block():
    a = {
        "l.norm1.weight": fill(4), "l.norm1.bias": fill(4),
        "l.conv1.weight": fill(6, 4, 3, 3), "l.conv1.bias": fill(6),
        "l.time.weight": fill(6, 5), "l.time.bias": fill(6),
        "l.norm2.weight": fill(6), "l.norm2.bias": fill(6),
        "l.conv2.weight": fill(6, 6, 3, 3), "l.conv2.bias": fill(6),
        "l.skip.weight": fill(6, 4, 1, 1), "l.skip.bias": fill(6),
    }
    time = fill(2, 5)
    f = nn.functional

    def apply(x):
        h = f.conv2d(f.silu(f.group_norm(x, 2, a["l.norm1.weight"], a["l.norm1.bias"])), a["l.conv1.weight"], a["l.conv1.bias"], padding=1)
        h = h + f.linear(time, a["l.time.weight"], a["l.time.bias"])[:, :, None, None]
        h = f.conv2d(f.silu(f.group_norm(h, 2, a["l.norm2.weight"], a["l.norm2.bias"])), a["l.conv2.weight"], a["l.conv2.bias"], padding=1)
        return f.conv2d(x, a["l.skip.weight"], a["l.skip.bias"]) + h

    made = case("residualBlock", {"groups": 2, "timeFeatures": 5}, apply, a, fill(2, 4, 4, 4))
    made["time"] = plain(time)
    return made


def embedding():
    w = fill(5, 3)
    indices = torch.tensor([4, 0, 4, 2])
    w.requires_grad_()
    output = nn.functional.embedding(indices, w)
    probe = fill(*output.shape)
    (output * probe).sum().backward()
    return {"indices": indices.tolist(), "weight": plain(w), "output": plain(output), "probe": plain(probe), "gradient": plain(w.grad)}


def timestep_embeddings():
    """The formula of diffusers' get_timestep_embedding (Apache-2.0), in float64."""
    out = []
    t = torch.tensor([0, 1, 37, 500, 999])
    for features, flip, shift in [(8, False, 1), (8, True, 0), (32, True, 0), (9, False, 1)]:
        half = features // 2
        exponent = -math.log(10000) * torch.arange(half, dtype=torch.float64) / (half - shift)
        emb = t[:, None].double() * torch.exp(exponent)[None, :]
        emb = torch.cat([torch.sin(emb), torch.cos(emb)], dim=-1)
        if flip:
            emb = torch.cat([emb[:, half:], emb[:, :half]], dim=-1)
        if features % 2 == 1:
            emb = nn.functional.pad(emb, (0, 1, 0, 0))
        out.append({"features": features, "flipSinToCos": flip, "downscaleFreqShift": shift, "t": t.tolist(), "output": plain(emb)})
    return out


def optimiser(kind, settings, make, clip=None, rate=None):
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


def main():
    layers = [
        linear(), linear_of_three(),
        convolution(3, 1, 1), convolution(3, 2, 1), convolution(1, 1, 0), convolution(4, 2, 1), convolution(3, 1, 1, 2),
        group_norm(), attention(1), attention(2), residual_block(),
    ]
    save("layers", {"provenance": PROVENANCE, "layers": layers, "embedding": embedding(), "timesteps": timestep_embeddings()})
    optimisers = [
        optimiser("adam", {}, lambda p: torch.optim.Adam(p)),
        optimiser("adam", {"learningRate": 0.05, "betas": [0.8, 0.95], "epsilon": 1e-3, "weightDecay": 0.1},
                  lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
        optimiser("adamw", {"learningRate": 0.02}, lambda p: torch.optim.AdamW(p, lr=0.02)),
        optimiser("adamw", {"learningRate": 0.02, "weightDecay": 0.3}, lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.3), clip=0.5),
        optimiser("adam", {"learningRate": "0.1 / (step + 1)"}, lambda p: torch.optim.Adam(p), rate=lambda step: 0.1 / (step + 1)),
    ]
    save("optimisers", {"provenance": PROVENANCE, "cases": optimisers})


def save(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(content) + "\n")


main()
