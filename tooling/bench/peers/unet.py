"""PyTorch's side of the UNet benchmark: the network of `unet({ size: 28, multipliers: [1, 2, 2] })`, layer by layer.

Prints one JSON object: milliseconds a sampling step (batch 16, the network and DDIM's update as diffusers computes
it) and a training step (batch 64, Adam). With --serve it answers the benchmark's requests instead.
"""
import argparse, base64, json, math, re

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import serve

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--channels", type=int, default=32)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--serve", action="store_true")
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)


def group_norm(channels):
    groups = max(1, min(32, channels // 4))
    while channels % groups:
        groups -= 1
    return nn.GroupNorm(groups, channels)


class Block(nn.Module):
    def __init__(self, before, after, time):
        super().__init__()
        self.norm1, self.conv1 = group_norm(before), nn.Conv2d(before, after, 3, padding=1)
        self.time = nn.Linear(time, after)
        self.norm2, self.conv2 = group_norm(after), nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Identity() if before == after else nn.Conv2d(before, after, 1)

    def forward(self, x, time):
        h = self.conv1(F.silu(self.norm1(x))) + self.time(time)[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm, self.qkv = group_norm(channels), nn.Conv2d(channels, 3 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x, time):
        q, k, v = self.qkv(self.norm(x)).flatten(2).chunk(3, 1)
        weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(q.shape[1]), -1)
        return x + self.project((v @ weights.transpose(1, 2)).view_as(x))


class Resample(nn.Conv2d):
    def __init__(self, channels, up):
        super().__init__(channels, channels, 3, stride=1 if up else 2, padding=1)
        self.up = up

    def forward(self, x, time):
        return super().forward(F.interpolate(x, scale_factor=2, mode="nearest") if self.up else x)


class Unet(nn.Module):
    def __init__(self, channels, multipliers=(1, 2, 2)):
        super().__init__()
        time = 4 * channels
        self.frequencies = torch.exp(-math.log(10000) * torch.arange(channels // 2) / (channels // 2 - 1))
        self.time1, self.time2 = nn.Linear(channels, time), nn.Linear(time, time)
        self.stem = nn.Conv2d(1, channels, 3, padding=1)
        skips, width = [channels], channels
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for level, multiplier in enumerate(multipliers):
            self.down.append(Block(width, channels * multiplier, time))
            width = channels * multiplier
            skips.append(width)
            if level < len(multipliers) - 1:
                self.down.append(Resample(width, up=False))
                skips.append(width)
        self.middle = nn.ModuleList([Block(width, width, time), Attention(width), Block(width, width, time)])
        for level, multiplier in reversed(list(enumerate(multipliers))):
            for _ in range(2):
                self.up.append(Block(width + skips.pop(), channels * multiplier, time))
                width = channels * multiplier
            if level > 0:
                self.up.append(Resample(width, up=True))
        self.norm, self.head = group_norm(width), nn.Conv2d(width, 1, 3, padding=1)

    def forward(self, x, t):
        angles = t[:, None].float() * self.frequencies
        time = F.silu(self.time2(F.silu(self.time1(torch.cat([angles.sin(), angles.cos()], 1)))))
        kept = [self.stem(x)]
        for stage in self.down:
            kept.append(stage(kept[-1], time))
        h = kept[-1]
        for stage in self.middle:
            h = stage(h, time)
        for stage in self.up:
            h = stage(torch.cat([h, kept.pop()], 1) if isinstance(stage, Block) else h, time)
        return self.head(F.silu(self.norm(h)))


alphas_cumprod = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000, dtype=torch.float32), 0)


def sampler(batch=16, steps=1000, clip=1.0):
    """One step after the other of DDIM with eta 0, in the operations of diffusers' DDIMScheduler.step."""
    model = Unet(options.channels).eval()
    x, t = torch.randn(batch, 1, 28, 28), 999

    @torch.no_grad()
    def step():
        nonlocal x, t
        epsilon = model(x, torch.full((batch,), t))
        before = t - 1000 // steps
        now = alphas_cumprod[t]
        next = alphas_cumprod[before] if before >= 0 else torch.tensor(1.0)
        beta, beta_next = 1 - now, 1 - next
        x0 = (x - beta ** 0.5 * epsilon) / now ** 0.5
        x0 = x0.clamp(-clip, clip)
        variance = (beta_next / beta) * (1 - now / next)
        deviation = 0.0 * variance ** 0.5
        x = next ** 0.5 * x0 + (1 - next - deviation ** 2) ** 0.5 * epsilon
        t = before if before >= 0 else 999

    return model, step


def trainer(batch=64):
    model = Unet(options.channels)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    signal, noise = alphas_cumprod.sqrt(), (1 - alphas_cumprod).sqrt()
    images = torch.rand(256, 1, 28, 28) * 2 - 1

    def step():
        x0 = images[torch.randint(0, len(images), (batch,))]
        t = torch.randint(0, 1000, (batch,))
        epsilon = torch.randn_like(x0)
        x = signal[t, None, None, None] * x0 + noise[t, None, None, None] * epsilon
        optimiser.zero_grad()
        loss = F.mse_loss(model(x, t), epsilon)
        loss.backward()
        optimiser.step()
        return loss.item()

    return step


def own_name(name):
    """The name that this file has for a weight of @gen/nn's network."""
    def stage(match):
        way, level, part = match.groups()
        return f"down.{2 * int(level) + (part == 'resample')}" if way == "down" else f"up.{3 * (2 - int(level)) + (2 if part == 'resample' else int(part))}"

    name = re.sub(r"^(down|up)\.(\d)\.(\d|resample)", stage, name)
    name = re.sub(r"^mid\.(0|attention|1)", lambda m: f"middle.{['0', 'attention', '1'].index(m[1])}", name)
    name = re.sub(r"^time\.(\d)", lambda m: f"time{int(m[1]) + 1}", name)
    return re.sub(r"^in\.", "stem.", re.sub(r"^out\.norm", "norm", re.sub(r"^out\.conv", "head", name)))


@torch.no_grad()
def output(shapes, weights, x, t):
    """What the network makes of x and t with the weights of @gen/nn's: float32, in the order of `shapes`, in base64."""
    numbers = torch.from_numpy(np.frombuffer(base64.b64decode(weights), np.float32).copy())
    parts = numbers.split([math.prod(shape) for shape in shapes.values()])
    network = Unet(options.channels).eval()
    own = {own_name(name): part.view(shape) for (name, shape), part in zip(shapes.items(), parts)}
    network.load_state_dict(own)
    return network(torch.tensor(x).view(len(t), 1, 28, 28), torch.tensor(t)).flatten().tolist()


model, sample_step = sampler()
train_step = trainer()

if options.serve:
    serve.answer(
        {
            "sample": lambda count: serve.timed(sample_step, count),
            "train": lambda count: serve.timed(train_step, count),
            "output": output,
            "parameters": lambda: sum(p.numel() for p in model.parameters()),
        }
    )
else:
    result = {"parameters": sum(p.numel() for p in model.parameters()), "sample": serve.once(sample_step, options.steps, 5)}
    print(json.dumps({**result, "train": serve.once(train_step, max(3, options.steps // 5), 2)}))
