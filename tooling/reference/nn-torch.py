"""Writes packages/nn/test/reference/{layers,networks,optimizers}.json with PyTorch's own numbers.

Run with Debian's python3-torch 1.13: OPENBLAS_NUM_THREADS=1 /usr/bin/python3 tooling/reference/nn-torch.py
All numbers are float64. Inputs are multiples of 1/64, so they are exact in float32.
"""
import json
import math
import pathlib

import torch
from torch import nn

from nn_cases import fill, optimizer, plain

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/nn/test/reference"
PROVENANCE = f"PyTorch {torch.__version__}, float64, written by tooling/reference/nn-torch.py"


def case(name, options, apply, parameters, x, second=None):
    """`parameters` maps our names to leaf tensors. `second` is a second argument."""
    x = x.clone().requires_grad_()
    more = [] if second is None else [second.requires_grad_()]
    for p in parameters.values():
        p.requires_grad_()
    output = apply(x, *more)
    probe = fill(*output.shape)
    (output * probe).sum().backward()
    return {
        **{"second": plain(e) for e in more},
        "name": name,
        "options": options,
        "x": plain(x),
        "parameters": {k: plain(p) for k, p in parameters.items()},
        "output": plain(output),
        "probe": plain(probe),
        "gradients": {"x": plain(x.grad), **{"second": plain(e.grad) for e in more}, **{k: plain(p.grad) for k, p in parameters.items()}},
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

    def apply(x, time):
        h = f.conv2d(f.silu(f.group_norm(x, 2, a["l.norm1.weight"], a["l.norm1.bias"])), a["l.conv1.weight"], a["l.conv1.bias"], padding=1)
        h = h + f.linear(time, a["l.time.weight"], a["l.time.bias"])[:, :, None, None]
        h = f.conv2d(f.silu(f.group_norm(h, 2, a["l.norm2.weight"], a["l.norm2.bias"])), a["l.conv2.weight"], a["l.conv2.bias"], padding=1)
        return f.conv2d(x, a["l.skip.weight"], a["l.skip.bias"]) + h

    return case("residualBlock", {"groups": 2, "timeFeatures": 5}, apply, a, fill(2, 4, 4, 4), time)


def attend(q, k, v, heads):
    """Attention of tokens [batch, n, features]; PyTorch 1.13 lacks scaled_dot_product_attention."""
    q, k, v = (e.reshape(*e.shape[:2], heads, -1).transpose(1, 2) for e in (q, k, v))
    weights = torch.softmax(q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]), dim=-1)
    return (weights @ v).transpose(1, 2).flatten(2)


def self_attention(w, name, x, heads):
    q, k, v = nn.functional.linear(x, w[f"{name}.qkv.weight"], w.get(f"{name}.qkv.bias")).chunk(3, dim=-1)
    return nn.functional.linear(attend(q, k, v, heads), w[f"{name}.project.weight"], w[f"{name}.project.bias"])


def cross_attention(w, name, x, context, heads):
    q = nn.functional.linear(x, w[f"{name}.q.weight"])
    k, v = nn.functional.linear(context, w[f"{name}.kv.weight"]).chunk(2, dim=-1)
    return nn.functional.linear(attend(q, k, v, heads), w[f"{name}.project.weight"], w[f"{name}.project.bias"])


def spatial_transformer(w, name, x, context, heads, groups):
    f = nn.functional
    norm = lambda i, h: f.layer_norm(h, h.shape[-1:], w[f"{name}.norm{i}.weight"], w[f"{name}.norm{i}.bias"])
    h = f.conv2d(f.group_norm(x, groups, w[f"{name}.norm.weight"], w[f"{name}.norm.bias"]), w[f"{name}.in.weight"], w[f"{name}.in.bias"])
    h = h.flatten(2).transpose(1, 2)
    h = h + self_attention(w, f"{name}.self", norm(1, h), heads)
    h = h + cross_attention(w, f"{name}.cross", norm(2, h), context, heads)
    value, gate = f.linear(norm(3, h), w[f"{name}.mlp.0.weight"], w[f"{name}.mlp.0.bias"]).chunk(2, dim=-1)
    h = h + f.linear(value * f.gelu(gate), w[f"{name}.mlp.1.weight"], w[f"{name}.mlp.1.bias"])
    return x + f.conv2d(h.transpose(1, 2).reshape(x.shape), w[f"{name}.out.weight"], w[f"{name}.out.bias"])


def layer_norm():
    w = {"l.weight": fill(5), "l.bias": fill(5)}
    return case("layerNorm", {}, lambda x: nn.functional.layer_norm(x, [5], w["l.weight"], w["l.bias"]), w, fill(2, 3, 5))


def token_attention():
    w = {"l.qkv.weight": fill(12, 4), "l.qkv.bias": fill(12), "l.project.weight": fill(4, 4), "l.project.bias": fill(4)}
    return case("tokenAttention", {"heads": 2}, lambda x: self_attention(w, "l", x, 2), w, fill(2, 3, 4))


def spatial_transformer_case():
    c, features = 4, 3
    shapes = transformer_shapes("l", c, features)
    w = {name: fill(*shape) for name, shape in shapes.items()}
    return case("spatialTransformer", {"heads": 2, "groups": 2, "contextFeatures": features},
                lambda x, context: spatial_transformer(w, "l", x, context, 2, 2), w, fill(2, c, 2, 2), fill(2, 5, features))


def transformer_shapes(name, c, features):
    sides = {
        "norm": [c], "norm1": [c], "norm2": [c], "norm3": [c], "in": [c, c, 1, 1], "out": [c, c, 1, 1],
        "self.qkv": [3 * c, c], "self.project": [c, c], "cross.q": [c, c], "cross.kv": [2 * c, features],
        "cross.project": [c, c], "mlp.0": [8 * c, c], "mlp.1": [c, 4 * c],
    }
    without = {"self.qkv", "cross.q", "cross.kv"}
    shapes = {f"{name}.{k}.weight": s for k, s in sides.items()}
    return {**shapes, **{f"{name}.{k}.bias": s[:1] for k, s in sides.items() if k not in without}}


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


class Weights(dict):
    """Weights by name. Each is created at its first use, by a formula that the test repeats."""

    def weight(self, name, *shape):
        if name not in self:
            key = sum(ord(c) * (i + 1) for i, c in enumerate(name))
            i = torch.arange(math.prod(shape))
            self[name] = (((i * 37 + 13 * key + i * i * 5) % 101 - 50) / 256.0).reshape(shape).requires_grad_()
        return self[name]

    def linear(self, name, x, out):
        return nn.functional.linear(x, self.weight(f"{name}.weight", out, x.shape[-1]), self.weight(f"{name}.bias", out))

    def conv(self, name, x, out, kernel=3, **more):
        more.setdefault("padding", kernel // 2)
        w = self.weight(f"{name}.weight", out, x.shape[1], kernel, kernel)
        return nn.functional.conv2d(x, w, self.weight(f"{name}.bias", out), **more)

    def norm(self, name, x, groups):
        c = x.shape[1]
        return nn.functional.group_norm(x, groups, self.weight(f"{name}.weight", c), self.weight(f"{name}.bias", c))


def waves(t, features, flip, shift):
    half = features // 2
    angles = t[:, None].double() * torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float64) / (half - shift))
    parts = [torch.sin(angles), torch.cos(angles)]
    return torch.cat(parts[::-1] if flip else parts, dim=-1)


def network(name, options, apply, inputs):
    """The output, and one number for each weight: the product of its gradient and the weight."""
    w = Weights()
    output = apply(w, **inputs)
    probe = fill(*output.shape)
    (output * probe).sum().backward()
    return {
        "name": name,
        "options": options,
        "inputs": {k: plain(v) for k, v in inputs.items()},
        "output": plain(output),
        "probe": plain(probe),
        "slopes": {k: float(f"{(p.grad * p).sum().item():.15g}") for k, p in w.items()},
    }


def dit():
    """The diffusion transformer of Peebles and Xie, written from the paper."""
    o = {"size": 4, "inChannels": 2, "patch": 2, "width": 8, "depth": 2, "heads": 2, "mlpRatio": 2, "classes": 3, "learnedVariance": True}
    width, side, heads, f = 8, 2, 2, nn.functional

    def positions():
        position = torch.arange(side, dtype=torch.float64)
        rows, columns = torch.meshgrid(position, position, indexing="ij")
        omega = 10000 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
        angles = [p.flatten()[:, None] * omega for p in (columns, rows)]
        return torch.cat([wave(a) for a in angles for wave in (torch.sin, torch.cos)], dim=1)

    def modulated(h, shift, scale):
        return f.layer_norm(h, [width], eps=1e-6) * (1 + scale) + shift

    def apply(w, x, t, condition):
        c = w.linear("time.1", f.silu(w.linear("time.0", waves(t, 256, True, 0), width)), width)
        c = c + f.embedding(condition.long(), w.weight("classes.weight", 4, width))
        h = w.conv("in", x, width, 2, stride=2, padding=0).flatten(2).transpose(1, 2) + positions()
        for i in range(2):
            name = f"blocks.{i}"
            parts = w.linear(f"{name}.modulation", f.silu(c), 6 * width)[:, None].chunk(6, dim=-1)
            for part, rows in (("qkv", 3 * width), ("project", width)):
                w.weight(f"{name}.attention.{part}.weight", rows, width)
                w.weight(f"{name}.attention.{part}.bias", rows)
            h = h + parts[2] * self_attention(w, f"{name}.attention", modulated(h, *parts[:2]), heads)
            inner = f.gelu(w.linear(f"{name}.mlp.0", modulated(h, *parts[3:5]), 2 * width), approximate="tanh")
            h = h + parts[5] * w.linear(f"{name}.mlp.1", inner, width)
        shift, scale = w.linear("out.modulation", f.silu(c), 2 * width)[:, None].chunk(2, dim=-1)
        pixels = w.linear("out.linear", modulated(h, shift, scale), 2 * 2 * 4)
        return torch.einsum("nhwpqc->nchpwq", pixels.reshape(-1, side, side, 2, 2, 4)).reshape(-1, 4, 4, 4)

    return network("dit", o, apply, {"x": fill(2, 2, 4, 4), "t": torch.tensor([3, 17]), "condition": torch.tensor([1, 3])})


def unet():
    """The UNet of Ho et al. with the transformers of latent diffusion."""
    o = {"size": 4, "inChannels": 1, "channels": 4, "multipliers": [1, 2], "attention": [2], "heads": 2, "groups": 2,
         "classes": 2, "crossAttention": {"features": 3}, "learnedVariance": True, "dropout": 0.5}
    f = nn.functional

    def apply(w, x, t, condition, context):
        e = w.linear("time.1", f.silu(w.linear("time.0", waves(t, 4, False, 1), 16)), 16)
        e = f.silu(e + f.embedding(condition.long(), w.weight("classes.weight", 3, 16)))

        def block(name, x, out):
            h = w.conv(f"{name}.conv1", f.silu(w.norm(f"{name}.norm1", x, 2)), out)
            h = h + w.linear(f"{name}.time", e, out)[:, :, None, None]
            h = w.conv(f"{name}.conv2", f.silu(w.norm(f"{name}.norm2", h, 2)), out)
            return h + (x if x.shape[1] == out else w.conv(f"{name}.skip", x, out, 1))

        def attention(name, x):
            for k, s in transformer_shapes(name, x.shape[1], 3).items():
                w.weight(k, *s)
            return spatial_transformer(w, name, x, context, 2, 2)

        a = w.conv("in", x, 4)
        b = block("down.0.0", a, 4)
        c = w.conv("down.0.resample", b, 4, stride=2)
        d = attention("down.1.0.attention", block("down.1.0", c, 8))
        h = block("mid.1", attention("mid.attention", block("mid.0", d, 8)), 8)
        h = attention("up.1.0.attention", block("up.1.0", torch.cat([h, d], 1), 8))
        h = attention("up.1.1.attention", block("up.1.1", torch.cat([h, c], 1), 8))
        h = w.conv("up.1.resample", f.interpolate(h, scale_factor=2, mode="nearest"), 8)
        h = block("up.0.0", torch.cat([h, b], 1), 4)
        h = block("up.0.1", torch.cat([h, a], 1), 4)
        return w.conv("out.conv", f.silu(w.norm("out.norm", h, 2)), 2)

    inputs = {"x": fill(2, 1, 4, 4), "t": torch.tensor([3, 17]), "condition": torch.tensor([1, 2]), "context": fill(2, 5, 3)}
    return network("unet", o, apply, inputs)


def main():
    layers = [
        linear(), linear_of_three(),
        convolution(3, 1, 1), convolution(3, 2, 1), convolution(1, 1, 0), convolution(4, 2, 1), convolution(3, 1, 1, 2),
        group_norm(), attention(1), attention(2), residual_block(),
    ]
    embedded = embedding()
    optimizers = [
        optimizer("adam", {}, lambda p: torch.optim.Adam(p)),
        optimizer("adam", {"learningRate": 0.05, "betas": [0.8, 0.95], "epsilon": 1e-3, "weightDecay": 0.1},
                  lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
        optimizer("adamw", {"learningRate": 0.02}, lambda p: torch.optim.AdamW(p, lr=0.02)),
        optimizer("adamw", {"learningRate": 0.02, "weightDecay": 0.3}, lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.3), clip=0.5),
        optimizer("adam", {"learningRate": "0.1 / (step + 1)"}, lambda p: torch.optim.Adam(p), rate=lambda step: 0.1 / (step + 1)),
    ]
    save("optimizers", {"provenance": PROVENANCE, "cases": optimizers})
    layers += [layer_norm(), token_attention(), spatial_transformer_case()]
    save("layers", {"provenance": PROVENANCE, "layers": layers, "embedding": embedded, "timesteps": timestep_embeddings()})
    save("networks", {"provenance": PROVENANCE, "networks": [unet(), dit()]})


def save(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(content) + "\n")


main()
