"""PyTorch's side of the VAE benchmark: 784-400-20, Bernoulli decoder, Adam 1e-3, batch 128, grey Fashion-MNIST.

Prints one JSON object: milliseconds a training step, and with --epochs N the test ELBO in nats after N epochs.
"""
import argparse, gzip, json, statistics, sys, time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--epochs", type=int, default=0)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seed", type=int, default=0)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(options.seed)


def images(split):
    with gzip.open(f"{options.folder}/{split}-images-idx3-ubyte.gz") as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255)


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.mean, self.log_variance = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.up, self.out = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x, noise):
        h = F.relu(self.hidden(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * noise
        logits = self.out(F.relu(self.up(z)))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * torch.sum(mean * mean + log_variance.exp() - log_variance - 1)
        return (reconstruction + kl) / len(x)


train, test = images("train"), images("t10k")
model = Vae()
optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)


def step(batch):
    optimiser.zero_grad()
    loss = model(batch, torch.randn(len(batch), 20))
    loss.backward()
    optimiser.step()
    return loss.item()


times = []
for i in range(options.steps + 20):
    batch = train[torch.randint(0, 60000, (128,))]
    start = time.perf_counter()
    step(batch)
    if i >= 20:
        times.append((time.perf_counter() - start) * 1e3)
result = {"torch": torch.__version__, "threads": options.threads, "stepMs": statistics.median(times)}
result["stepMsQuartiles"] = [float(np.percentile(times, 25)), float(np.percentile(times, 75))]
if options.epochs:
    torch.manual_seed(options.seed)
    model = Vae()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(options.epochs):
        order = torch.randperm(60000)
        for k in range(0, 60000, 128):
            step(train[order[k : k + 128]])
        print(f"epoch {epoch + 1}", file=sys.stderr)
    with torch.no_grad():
        result["testElbo"] = -model(test, torch.randn(10000, 20)).item()
print(json.dumps(result))
