"""PyTorch's side of the VAE benchmark: 784-400-20, Bernoulli decoder, Adam 1e-3, batch 128, grey Fashion-MNIST.

Prints one JSON object: milliseconds a training step, and with --epochs N the test ELBO in nats after N epochs.
With --serve it answers the benchmark's requests instead.
"""
import argparse, gzip, json

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import serve

parser = argparse.ArgumentParser()
parser.add_argument("--folder", default="/usr/share/datasets/fashion-mnist")
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--epochs", type=int, default=0)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--serve", action="store_true")
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


def trainer():
    model = Vae()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(indices):
        batch = train[indices]
        optimiser.zero_grad()
        loss = model(batch, torch.randn(len(batch), 20))
        loss.backward()
        optimiser.step()
        return loss.item()

    return model, step


_, timed_step = trainer()


def steps(count):
    return serve.timed(lambda: timed_step(torch.randint(0, len(train), (128,))), count)


def test_elbo(epochs, seed):
    torch.manual_seed(seed)
    model, step = trainer()
    for epoch in range(epochs):
        order = torch.randperm(len(train))
        for k in range(0, len(train), 128):
            step(order[k : k + 128])
        if options.serve:
            serve.progress(epoch + 1, epochs)
    with torch.no_grad():
        return -model(test, torch.randn(len(test), 20)).item()


if options.serve:
    serve.answer({"steps": steps, "testElbo": test_elbo})
else:
    result = serve.once(lambda: steps(1), options.steps)
    if options.epochs:
        result["testElbo"] = test_elbo(options.epochs, options.seed)
    print(json.dumps(result))
