"""The UNet of the peers in PyTorch: the network of `unet({ size: 28, multipliers: [1, 2, 2] })`."""
import math

import torch
from torch import nn
from torch.nn import functional as F

import serve, serve_torch

C = 32
WIDTHS = [C, 2 * C, 2 * C]
frequencies = torch.exp(-math.log(10000) * torch.arange(C // 2) / (C // 2 - 1))
alphas_cumprod = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float32), 0)


class Network(nn.Module):
    """Layers by the names of @gen/nn's weights. Each is created at its first use."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict()
        self(torch.zeros(1, 1, 28, 28), torch.zeros(1))

    def layer(self, name, make, *options):
        key = name.replace(".", "_")  # PyTorch allows no dot in a key.
        if key not in self.layers:
            self.layers[key] = make(*options)
        return self.layers[key]

    def linear(self, name, x, out):
        return self.layer(name, nn.Linear, x.shape[1], out)(x)

    def conv(self, name, x, out, size=3, stride=1):
        return self.layer(name, nn.Conv2d, x.shape[1], out, size, stride, size // 2)(x)

    def norm(self, name, x):
        groups = max(1, min(32, x.shape[1] // 4))
        return self.layer(name, nn.GroupNorm, groups, x.shape[1])(x)

    def block(self, name, x, time, out):
        h = self.conv(f"{name}.conv1", F.silu(self.norm(f"{name}.norm1", x)), out)
        h = h + self.linear(f"{name}.time", time, out)[:, :, None, None]
        h = self.conv(f"{name}.conv2", F.silu(self.norm(f"{name}.norm2", h)), out)
        return (x if x.shape[1] == out else self.conv(f"{name}.skip", x, out, 1)) + h

    def forward(self, x, t):
        angles = t[:, None].float() * frequencies
        time = self.linear("time.0", torch.cat([angles.sin(), angles.cos()], 1), 4 * C)
        time = F.silu(self.linear("time.1", F.silu(time), 4 * C))
        kept = [self.conv("in", x, C)]
        for level, width in enumerate(WIDTHS):
            kept.append(self.block(f"down.{level}.0", kept[-1], time, width))
            if level < 2:
                kept.append(self.conv(f"down.{level}.resample", kept[-1], width, stride=2))
        h = self.block("mid.0", kept[-1], time, width)
        q, k, v = self.conv("mid.attention.qkv", self.norm("mid.attention.norm", h), 3 * width, 1).flatten(2).chunk(3, 1)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(width), -1)
        h = h + self.conv("mid.attention.project", (v @ weights.transpose(1, 2)).view_as(h), width, 1)
        h = self.block("mid.1", h, time, width)
        for level in (2, 1, 0):
            for i in (0, 1):
                h = self.block(f"up.{level}.{i}", torch.cat([h, kept.pop()], 1), time, WIDTHS[level])
            if level > 0:
                h = self.conv(f"up.{level}.resample", F.interpolate(h, scale_factor=2, mode="nearest"), WIDTHS[level])
        return self.conv("out.conv", F.silu(self.norm("out.norm", h)), 1)


def sampler(prepare, batch=16):
    """The commands of consecutive DDIM steps with eta 0 and clip 1, with the operations of
    diffusers' DDIMScheduler.step. `prepare` turns the network into a function of x and t."""
    model, x, t = None, torch.randn(batch, 1, 28, 28), 999

    @torch.no_grad()
    def output(weights, x, t):
        """The network's output for x and t. `weights` are those of @gen/nn's network, which the
        steps also use: `{ name: [shape, numbers] }`."""
        nonlocal model
        network = Network()
        for name, (shape, numbers) in weights.items():
            layer, kind = name.replace(".", "_").rsplit("_", 1)
            getattr(network.layers[layer], kind).copy_(torch.tensor(numbers).view(shape))
        model = prepare(network)
        return model(torch.tensor(x).view(len(t), 1, 28, 28), torch.tensor(t)).flatten().tolist()

    @torch.no_grad()
    def step():
        nonlocal x, t
        epsilon = model(x, torch.full((batch,), t))
        now = alphas_cumprod[t]
        next = alphas_cumprod[t - 1] if t > 0 else torch.tensor(1.0)
        beta, beta_next = 1 - now, 1 - next
        x0 = ((x - beta ** 0.5 * epsilon) / now ** 0.5).clamp(-1.0, 1.0)
        variance = (beta_next / beta) * (1 - now / next)
        deviation = 0.0 * variance ** 0.5
        x = next ** 0.5 * x0 + (1 - next - deviation ** 2) ** 0.5 * epsilon
        t = t - 1 if t > 0 else 999

    return {"output": output, "steps": lambda count: serve.time_steps(step, count)}


def trainer(batch=64):
    network = Network()
    model, optimizer = serve_torch.prepare(network), serve_torch.adam(network.parameters())
    signal, noise = alphas_cumprod.sqrt(), (1 - alphas_cumprod).sqrt()
    images = torch.rand(256, 1, 28, 28) * 2 - 1

    def step():
        x0 = images[torch.randint(0, len(images), (batch,))]
        t = torch.randint(0, 1000, (batch,))
        epsilon = torch.randn_like(x0)
        x = signal[t, None, None, None] * x0 + noise[t, None, None, None] * epsilon
        optimizer.zero_grad()
        loss = F.mse_loss(model(x, t), epsilon)
        loss.backward()
        optimizer.step()
        return loss.item()

    return {"steps": lambda count: serve.time_steps(step, count)}
