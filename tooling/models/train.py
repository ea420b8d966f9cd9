"""Trains the two models on Fashion-MNIST, on one thread of a CPU.

  GEN_BENCH_FASHION_MNIST=FOLDER python tooling/models/train.py OUT [pixel] [vae] [latent]

OUT/pixel.pt, OUT/vae.pt and OUT/latent.pt hold the moving averages of the weights.
"""

import copy
import gzip
import math
import os
import pathlib
import sys
import time

import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler

from networks import NO_CLASS, Decoder, Encoder, LatentDenoiser, PixelDenoiser

BATCH = 64
NO_CLASS_SHARE = 0.12
KL_WEIGHT = 1e-4
# Steps of each training: 90,000, 38,000 and 90,000 pictures.
STEPS = {"pixel": 1400, "vae": 600, "latent": 1400}
SCHEDULE = dict(
    num_train_timesteps=1000,
    beta_schedule="squaredcos_cap_v2",
    prediction_type="v_prediction",
    timestep_spacing="trailing",
    clip_sample=False,
    set_alpha_to_one=True,
)


def fashion_mnist():
    """Pictures [60000, 1, 28, 28] in [-1, 1] and labels [60000]."""
    folder = pathlib.Path(os.environ.get("GEN_BENCH_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))
    pixels = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((folder / "train-labels-idx1-ubyte.gz").read_bytes())[8:]
    x = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).reshape(-1, 1, 28, 28)
    return x.float() / 127.5 - 1, torch.frombuffer(bytearray(labels), dtype=torch.uint8).long()


def fit(name, model, loss, count, out, rate):
    """Minimizes `loss(rows)` by AdamW with a cosine rate; keeps the average of the weights."""
    steps = STEPS[name]
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=1e-3, betas=(0.9, 0.99), fused=True)
    average = copy.deepcopy(model).eval()
    order, start, total = torch.randperm(count), time.time(), 0.0
    for step in range(steps):
        at = step * BATCH % (count - BATCH)
        if at < BATCH:
            order = torch.randperm(count)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        value = loss(order[at : at + BATCH])
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        keep = min(0.995, step / (step + 10))
        with torch.no_grad():
            for kept, now in zip(average.state_dict().values(), model.state_dict().values()):
                kept.lerp_(now, 1 - keep) if kept.is_floating_point() else kept.copy_(now)
        total += value.item()
        if step % 50 == 49:
            print(f"{name} {step + 1}/{steps} loss {total / 50:.4f} {time.time() - start:.0f} s", flush=True)
            total = 0.0
            torch.save(average.state_dict(), out / f"{name}.pt")
    return average


def denoise(name, model, x, labels, out, rate):
    """The loss of v-prediction, with labels dropped for classifier-free guidance."""
    alphas = DDIMScheduler(**SCHEDULE).alphas_cumprod

    def loss(rows):
        t = torch.randint(0, 1000, (len(rows),))
        signal, noise = (a.reshape(-1, 1, 1, 1) for a in (alphas[t] ** 0.5, (1 - alphas[t]) ** 0.5))
        epsilon = torch.randn(x[rows].shape)
        dropped = torch.rand(len(rows)) < NO_CLASS_SHARE
        v = model(signal * x[rows] + noise * epsilon, t, torch.where(dropped, NO_CLASS, labels[rows]))
        return F.mse_loss(v, signal * epsilon - noise * x[rows])

    return fit(name, model, loss, len(x), out, rate)


class Autoencoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()


def autoencode(x, out):
    model = Autoencoder()

    def loss(rows):
        mean, log_variance = model.encoder(x[rows]).chunk(2, 1)
        z = mean + torch.exp(log_variance / 2) * torch.randn(mean.shape)
        made = model.decoder(z)
        kl = (mean**2 + log_variance.exp() - 1 - log_variance).mean() / 2
        return F.mse_loss(made, x[rows]) + 0.1 * F.l1_loss(made, x[rows]) + KL_WEIGHT * kl

    return fit("vae", model, loss, len(x), out, 3e-3)


@torch.no_grad()
def encode(autoencoder, x):
    """The mean latents of all pictures, standardized by one mean and one deviation."""
    means = torch.cat([autoencoder.encoder(part).chunk(2, 1)[0] for part in x.split(500)])
    return (means - means.mean()) / means.std(), means.mean().item(), means.std().item()


def main(out, *names):
    torch.set_num_threads(1)
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    x, labels = fashion_mnist()
    for name in names or STEPS:
        torch.manual_seed(0)
        if name == "pixel":
            denoise(name, PixelDenoiser(), x, labels, out, 2e-3)
        if name == "vae":
            autoencode(x, out)
        if name == "latent":
            autoencoder = Autoencoder()
            autoencoder.load_state_dict(torch.load(out / "vae.pt"))
            latents, mean, deviation = encode(autoencoder, x)
            torch.save({"mean": mean, "deviation": deviation}, out / "scaling.pt")
            denoise(name, LatentDenoiser(), latents, labels, out, 2e-3)


if __name__ == "__main__":
    main(*sys.argv[1:])
