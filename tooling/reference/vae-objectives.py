"""Writes losses, terms and gradients of VAE objectives to packages/vae/test/reference: objectives.json,
and objectives-wide.json with another shape, one latent number, an odd batch and weights twice as
large.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 numpy==2.4.0
    V/bin/python tooling/reference/vae-objectives.py [wide]

Everything is float64. Each objective is written from its paper, with torch.distributions and
autograd; estimators whose gradient is not that of their value use hooks or two backward passes, as
their authors' programs do. Weights and inputs are multiples of 1/64 but for the normal noise.
"""
import json
import math
import pathlib
import sys

import torch
from torch import distributions as D
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
WIDE = "wide" in sys.argv
torch.manual_seed(8 if WIDE else 7)
OUT = pathlib.Path(__file__).resolve().parents[2] / f"packages/vae/test/reference/objectives{'-wide' if WIDE else ''}.json"
PIXELS, LATENT, BATCH, SCALE = (7, 1, 3, 2) if WIDE else (5, 2, 4, 1)


def fill(*shape, scale=1.0):
    """Multiples of 1/64 in (-1, 1) times `scale` and SCALE."""
    return torch.round(torch.empty(shape).uniform_(-1, 1) * 64) / 64 * scale * SCALE


def plain(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def parameters(outputs=1, extra=None):
    p = {
        "encoder.weight": fill(2 * LATENT, PIXELS),
        "encoder.bias": fill(2 * LATENT, scale=0.5),
        "decoder.weight": fill(outputs * PIXELS, LATENT),
        "decoder.bias": fill(outputs * PIXELS, scale=0.5),
        **(extra or {}),
    }
    return {k: v.requires_grad_() for k, v in p.items()}


def encode(p, x):
    h = F.linear(x, p["encoder.weight"], p["encoder.bias"])
    return h[..., :LATENT], h[..., LATENT:]


def decode(p, z):
    return F.linear(z, p["decoder.weight"], p["decoder.bias"])


def log_likelihood(likelihood, p, x, out):
    """log p(x | z), summed over pixels."""
    if likelihood == "bernoulli":
        return -F.binary_cross_entropy_with_logits(out, x.expand_as(out), reduction="none").sum(-1)
    if likelihood == "continuous-bernoulli":
        return D.ContinuousBernoulli(logits=out).log_prob(x.expand_as(out)).sum(-1)
    if "sigma" in likelihood:
        sigma = likelihood["sigma"]
        if sigma == "global":
            return D.Normal(out, torch.exp(p["likelihood.logVariance"] / 2)).log_prob(x).sum(-1)
        if sigma == "predicted":
            mean, log_variance = out[..., :PIXELS], out[..., PIXELS:]
            return D.Normal(mean, torch.exp(log_variance / 2)).log_prob(x).sum(-1)
        return D.Normal(out, sigma).log_prob(x).sum(-1)
    if "logistic" in likelihood:
        levels = likelihood["logistic"]
        mean, scale = out[..., :PIXELS], torch.exp(out[..., PIXELS:])
        half = 0.5 / (levels - 1)
        above, below = (x + half - mean) / scale, (x - half - mean) / scale
        # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a)), which does not underflow.
        lower, upper = F.logsigmoid(above), F.logsigmoid(-below)
        inner = lower + upper + torch.log(-torch.expm1(below - above))
        return torch.where(x <= 0, lower, torch.where(x >= 1, upper, inner)).sum(-1)
    levels = likelihood["categorical"]
    logits = out.reshape(*out.shape[:-1], levels, PIXELS)
    rank = torch.round(x * (levels - 1)).long().expand(out.shape[:-1] + (PIXELS,))
    return F.log_softmax(logits, -2).gather(-2, rank.unsqueeze(-2)).squeeze(-2).sum(-1)


def normal(mean, log_variance):
    return D.Normal(mean, torch.exp(log_variance / 2))


def kl_of(mean, log_variance):
    prior = D.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return D.kl_divergence(normal(mean, log_variance), prior).sum(-1)


def log_prior(z):
    return D.Normal(0.0, 1.0).log_prob(z).sum(-1)


CASES = []


def grads(p, loss, names=None):
    names = names or list(p)
    found = torch.autograd.grad(loss, [p[n] for n in names], retain_graph=True, allow_unused=True)
    return {n: torch.zeros_like(p[n]) if g is None else g for n, g in zip(names, found)}


def case(name, objective, options, likelihood, inputs, p, outputs, gradients=None, **more):
    CASES.append({
        "name": name,
        "objective": objective,
        "options": options,
        "likelihood": likelihood,
        "inputs": {k: plain(v) for k, v in inputs.items()},
        "parameters": {k: plain(v) for k, v in p.items()},
        "outputs": {k: v.item() for k, v in outputs.items()},
        "gradients": {k: plain(v) for k, v in (gradients or grads(p, outputs["loss"])).items()},
        **more,
    })


def unit(*shape, levels=65):
    return torch.round(torch.rand(shape) * (levels - 1)) / (levels - 1)


def draws(p, x, epsilon):
    """mean, log variance and z [batch, K, latent]."""
    mean, log_variance = encode(p, x)
    z = mean.unsqueeze(1) + torch.exp(log_variance / 2).unsqueeze(1) * epsilon
    return mean, log_variance, z


def elbo_terms(p, x, epsilon, likelihood="bernoulli"):
    if epsilon.dim() == 2:
        epsilon = epsilon.unsqueeze(1)
    mean, log_variance, z = draws(p, x, epsilon)
    reconstruction = -log_likelihood(likelihood, p, x.unsqueeze(1), decode(p, z)).mean(1)
    return reconstruction, mean, log_variance, z


# The ELBO with each likelihood (Kingma and Welling 2014, eq. 7).
LIKELIHOODS = [
    ("bernoulli", 1, 65), ("continuous-bernoulli", 1, 65), ({"sigma": 0.5}, 1, 65),
    ({"sigma": "global"}, 1, 65), ({"sigma": "predicted"}, 2, 65),
    ({"logistic": 5}, 2, 5), ({"categorical": 5}, 5, 5),
]
for likelihood, outputs, levels in LIKELIHOODS:
    for k in (1, 3):
        extra = {"likelihood.logVariance": fill(1)} if likelihood == {"sigma": "global"} else None
        p = parameters(outputs, extra)
        x = unit(BATCH, PIXELS, levels=levels)
        epsilon = torch.randn(BATCH, LATENT) if k == 1 else torch.randn(BATCH, k, LATENT)
        reconstruction, mean, log_variance, _ = elbo_terms(p, x, epsilon, likelihood)
        kl = kl_of(mean, log_variance)
        terms = {"reconstruction": reconstruction.mean(), "kl": kl.mean()}
        case(f"ELBO of {k}, {json.dumps(likelihood)}", "vae", {}, likelihood, {"x": x, "epsilon": epsilon}, p,
             {"loss": terms["reconstruction"] + terms["kl"], **terms})

# beta-VAE (Higgins et al. 2017, eq. 4) and free bits (Kingma et al. 2016, appendix C.8).
for options in ({"beta": 4}, {"freeBits": 0.5}, {"freeBits": 1.5, "beta": 0.5}):
    p, x, epsilon = parameters(), unit(BATCH, PIXELS), torch.randn(BATCH, LATENT)
    reconstruction, mean, log_variance, _ = elbo_terms(p, x, epsilon)
    kl = kl_of(mean, log_variance)
    cost = kl.mean()
    if "freeBits" in options:
        each = D.kl_divergence(normal(mean, log_variance), D.Normal(torch.zeros(LATENT), torch.ones(LATENT)))
        cost = torch.clamp(each.mean(0), min=options["freeBits"]).sum()
    loss = reconstruction.mean() + options.get("beta", 1) * cost
    case(f"ELBO {json.dumps(options)}", "vae", options, "bernoulli", {"x": x, "epsilon": epsilon}, p,
         {"loss": loss, "reconstruction": reconstruction.mean(), "kl": kl.mean()})


def log_weights(p, x, z, mean, log_variance):
    posterior = normal(mean.unsqueeze(1), log_variance.unsqueeze(1)).log_prob(z).sum(-1)
    likelihood = log_likelihood("bernoulli", p, x.unsqueeze(1), decode(p, z))
    return likelihood + log_prior(z) - posterior, likelihood


def bound_of(lw, groups=1):
    lw = lw.reshape(lw.shape[0], groups, -1)
    return -(torch.logsumexp(lw, -1) - math.log(lw.shape[-1])).mean()


# IWAE (Burda et al. 2016, eq. 8), MIWAE, CIWAE, PIWAE (Rainforth et al. 2018), DReG (Tucker et al. 2019).
for k, options in [(1, {}), (5, {}), (6, {"groups": 2}), (5, {"elboShare": 0.3}),
                   (6, {"groups": 3, "gradient": "grouped"}), (5, {"gradient": "doubly-reparameterized"})]:
    p, x, epsilon = parameters(), unit(BATCH, PIXELS), torch.randn(BATCH, k, LATENT)
    mean, log_variance, z = draws(p, x, epsilon)
    lw, likelihood = log_weights(p, x, z, mean, log_variance)
    bound = bound_of(lw)
    groups, share = options.get("groups", 1), options.get("elboShare", 0)
    gradients = None
    loss = (1 - share) * bound_of(lw, groups) + share * -lw.mean()
    if options.get("gradient") == "grouped":
        inner, outer = bound_of(lw, groups), bound
        encoder = [n for n in p if n.startswith("encoder")]
        decoder = [n for n in p if n.startswith("decoder")]
        gradients = {**grads(p, inner, encoder), **grads(p, outer, decoder)}
        loss = bound
    if options.get("gradient") == "doubly-reparameterized":
        # The hook multiplies the gradient of z by the weight once more.
        held, _ = log_weights(p, x, z, mean.detach(), log_variance.detach())
        w = torch.softmax(held, 1).detach()
        z.register_hook(lambda g: w.unsqueeze(-1) * g)
        gradients = grads(p, -(w * held).sum(1).mean())
        loss = bound
    case(f"IWAE of {k} {json.dumps(options)}", "iwae", options, "bernoulli", {"x": x, "epsilon": epsilon}, p,
         {"loss": loss, "bound": bound, "reconstruction": -likelihood.mean(),
          "kl": kl_of(mean, log_variance).mean()}, gradients)


def mmd(a, b, kernel):
    n = a.shape[0]
    total = 0
    for i in range(n):
        for j in range(n):
            if i != j:
                total = total + (kernel((a[i] - a[j]).square().sum()) + kernel((b[i] - b[j]).square().sum())) / (n * (n - 1))
            total = total - 2 * kernel((a[i] - b[j]).square().sum()) / (n * n)
    return total


# InfoVAE (Zhao et al. 2019) and WAE-MMD (Tolstikhin et al. 2018, algorithm 2).
for options in ({}, {"alpha": 0.3, "lambda": 5}, {"alpha": 1, "lambda": 20}):
    p, x, epsilon, prior = parameters(), unit(BATCH, PIXELS), torch.randn(BATCH, LATENT), torch.randn(BATCH, LATENT)
    reconstruction, mean, log_variance, z = elbo_terms(p, x, epsilon)
    gap = mmd(z[:, 0], prior, lambda d: torch.exp(-d / (2 * LATENT)))
    kl = kl_of(mean, log_variance).mean()
    alpha, weight = options.get("alpha", 0), options.get("lambda", 1)
    loss = reconstruction.mean() + (1 - alpha) * kl + (alpha + weight - 1) * gap
    case(f"InfoVAE {json.dumps(options)}", "infoVae", options, "bernoulli",
         {"x": x, "epsilon": epsilon, "prior": prior}, p,
         {"loss": loss, "reconstruction": reconstruction.mean(), "kl": kl, "mmd": gap})
for options in ({}, {"lambda": 3, "random": True}):
    p, x, epsilon, prior = parameters(), unit(BATCH, PIXELS), torch.randn(BATCH, LATENT), torch.randn(BATCH, LATENT)
    mean, log_variance, z = draws(p, x, epsilon.unsqueeze(1))
    z = z[:, 0] if options.get("random") else mean
    cost = (x - torch.sigmoid(decode(p, z))).square().sum(-1).mean()
    gap = mmd(z, prior, lambda d: 2 * LATENT / (2 * LATENT + d))
    case(f"WAE {json.dumps(options)}", "wae", options, "bernoulli", {"x": x, "epsilon": epsilon, "prior": prior}, p,
         {"loss": cost + options.get("lambda", 10) * gap, "cost": cost, "mmd": gap})

# beta-TC (Chen et al. 2018, eq. 4 and 5, appendix C.2), term by term.
for options in ({"dataSize": 50}, {"dataSize": 50, "sampling": "weighted", "beta": 3},
                {"dataSize": BATCH, "alpha": 0.5, "beta": 2, "gamma": 1.5}):
    p, x, epsilon = parameters(), unit(BATCH, PIXELS), torch.randn(BATCH, LATENT)
    reconstruction, mean, log_variance, z = elbo_terms(p, x, epsilon)
    z, n, m = z[:, 0], options["dataSize"], BATCH - 1
    information = correlation = dimensions = 0
    for i in range(BATCH):
        joint, single = 0, torch.zeros(LATENT)
        for j in range(BATCH):
            density = torch.exp(normal(mean[j], log_variance[j]).log_prob(z[i]))
            if options.get("sampling") == "weighted":
                weight = 1 / (n * BATCH)
            else:
                weight = 1 / n if i == j else (n - m) / (n * m) if j == (i + 1) % BATCH else 1 / m
            joint = joint + weight * density.prod()
            single = single + weight * density
        own = normal(mean[i], log_variance[i]).log_prob(z[i]).sum()
        information = information + (own - torch.log(joint)) / BATCH
        correlation = correlation + (torch.log(joint) - torch.log(single).sum()) / BATCH
        dimensions = dimensions + (torch.log(single).sum() - log_prior(z[i])) / BATCH
    loss = (reconstruction.mean() + options.get("alpha", 1) * information + options.get("beta", 6) * correlation
            + options.get("gamma", 1) * dimensions)
    case(f"beta-TC {json.dumps(options)}", "betaTc", options, "bernoulli", {"x": x, "epsilon": epsilon}, p,
         {"loss": loss, "reconstruction": reconstruction.mean(), "kl": kl_of(mean, log_variance).mean(),
          "mutualInformation": information, "totalCorrelation": correlation, "dimensionwise": dimensions})

# FactorVAE (Kim and Mnih 2018, eq. 2 and algorithm 2): each part by a backward pass of its own.
for logits in (1, 2):
    p = parameters(extra={"discriminator.weight": fill(logits, LATENT), "discriminator.bias": fill(logits)})
    x, other = unit(BATCH, PIXELS), unit(BATCH, PIXELS)
    epsilon, other_epsilon = torch.randn(BATCH, LATENT), torch.randn(BATCH, LATENT)
    permutation = torch.stack([torch.randperm(BATCH) for _ in range(LATENT)], 1)

    def log_odds(z):
        out = F.linear(z, p["discriminator.weight"], p["discriminator.bias"])
        return out[:, 0] if logits == 1 else out[:, 0] - out[:, 1]

    reconstruction, mean, log_variance, z = elbo_terms(p, x, epsilon)
    kl, z = kl_of(mean, log_variance).mean(), z[:, 0]
    correlation = log_odds(z).mean()
    vae = reconstruction.mean() + kl + 6 * correlation
    mixed = draws(p, other, other_epsilon.unsqueeze(1))[2][:, 0].detach().gather(0, permutation)
    judge = -0.5 * (F.logsigmoid(log_odds(z.detach())).mean() + F.logsigmoid(-log_odds(mixed)).mean())
    own = [n for n in p if not n.startswith("discriminator")]
    gradients = {**grads(p, vae, own), **grads(p, judge, ["discriminator.weight", "discriminator.bias"])}
    case(f"FactorVAE of {logits} logits", "factorVae", {"gamma": 6}, "bernoulli",
         {"x": x, "epsilon": epsilon, "other": other, "otherEpsilon": other_epsilon, "permutation": permutation}, p,
         {"loss": vae + judge, "reconstruction": reconstruction.mean(), "kl": kl,
          "totalCorrelation": correlation, "discriminator": judge}, gradients)

# VampPrior (Tomczak and Welling 2018): the KL by draws.
for k, objective in ((1, "vae"), (3, "vae"), (4, "iwae")):
    p = parameters(extra={"prior.pseudoInputs": unit(3, PIXELS)})
    x, epsilon = unit(BATCH, PIXELS), torch.randn(BATCH, k, LATENT)
    mean, log_variance, z = draws(p, x, epsilon)
    u_mean, u_log_variance = encode(p, p["prior.pseudoInputs"])
    mixture = D.MixtureSameFamily(
        D.Categorical(torch.ones(3)), D.Independent(normal(u_mean, u_log_variance), 1))
    prior = mixture.log_prob(z)
    posterior = normal(mean.unsqueeze(1), log_variance.unsqueeze(1)).log_prob(z).sum(-1)
    likelihood = log_likelihood("bernoulli", p, x.unsqueeze(1), decode(p, z))
    terms = {"reconstruction": -likelihood.mean(), "kl": (posterior - prior).mean()}
    loss = terms["reconstruction"] + terms["kl"] if objective == "vae" else bound_of(likelihood + prior - posterior)
    case(f"VampPrior, {objective} of {k}", objective, {}, "bernoulli", {"x": x, "epsilon": epsilon}, p,
         {"loss": loss, **terms}, model="vamp")

# Conditional VAE (Sohn et al. 2015): both networks add a vector of the class.
p = parameters(extra={"encoder.classes": fill(3, 2 * LATENT), "decoder.classes": fill(3, PIXELS)})
x, epsilon, condition = unit(BATCH, PIXELS), torch.randn(BATCH, 2, LATENT), torch.tensor([2, 0, 1, 2])[:BATCH]
h = F.linear(x, p["encoder.weight"], p["encoder.bias"]) + p["encoder.classes"][condition]
mean, log_variance = h[:, :LATENT], h[:, LATENT:]
z = mean.unsqueeze(1) + torch.exp(log_variance / 2).unsqueeze(1) * epsilon
out = decode(p, z) + p["decoder.classes"][condition].unsqueeze(1)
reconstruction, kl = -log_likelihood("bernoulli", p, x.unsqueeze(1), out).mean(), kl_of(mean, log_variance).mean()
case("conditional VAE", "vae", {}, "bernoulli", {"x": x, "epsilon": epsilon, "condition": condition}, p,
     {"loss": reconstruction + kl, "reconstruction": reconstruction, "kl": kl}, model="conditional")

# Two levels (Burda et al. 2016, section 5).
UPPER = 1
p = parameters(extra={
    "upper.encoder.weight": fill(2 * UPPER, LATENT), "upper.encoder.bias": fill(2 * UPPER),
    "upper.decoder.weight": fill(2 * LATENT, UPPER), "upper.decoder.bias": fill(2 * LATENT)})
x, epsilon, upper_epsilon = unit(BATCH, PIXELS), torch.randn(BATCH, LATENT), torch.randn(BATCH, UPPER)
reconstruction, mean, log_variance, z = elbo_terms(p, x, epsilon)
z = z[:, 0]
h = F.linear(z, p["upper.encoder.weight"], p["upper.encoder.bias"])
z2 = h[:, :UPPER] + torch.exp(h[:, UPPER:] / 2) * upper_epsilon
out = F.linear(z2, p["upper.decoder.weight"], p["upper.decoder.bias"])
prior = normal(out[:, :LATENT], out[:, LATENT:]).log_prob(z).sum(-1)
lower_kl = (normal(mean, log_variance).log_prob(z).sum(-1) - prior).mean()
upper_kl = kl_of(h[:, :UPPER], h[:, UPPER:]).mean()
case("two levels", "hierarchical", {"beta": 0.5}, "bernoulli",
     {"x": x, "epsilon": epsilon, "upperEpsilon": upper_epsilon}, p,
     {"loss": reconstruction.mean() + 0.5 * (lower_kl + upper_kl), "reconstruction": reconstruction.mean(),
      "kl": lower_kl + upper_kl, "klLower": lower_kl, "klUpper": upper_kl}, model="hierarchical")

# VQ-VAE (van den Oord et al. 2017, eq. 3 and appendix A.1): 3 positions of 2 features, 4 codes.
CODES, POSITIONS = 4, 3
for decay in (None, 0.9):
    extra = {"quantizer.codebook": fill(CODES, LATENT)}
    if decay is not None:
        extra["quantizer.counts"] = torch.ones(CODES)
    p = {
        "encoder.weight": fill(LATENT * POSITIONS, PIXELS), "encoder.bias": fill(LATENT * POSITIONS),
        "decoder.weight": fill(PIXELS, LATENT * POSITIONS), "decoder.bias": fill(PIXELS), **extra}
    p = {k: v.requires_grad_() for k, v in p.items()}
    x = unit(BATCH, PIXELS)
    z = F.linear(x, p["encoder.weight"], p["encoder.bias"]).reshape(BATCH, LATENT, POSITIONS)
    rows = z.transpose(1, 2).reshape(-1, LATENT)
    index = torch.cdist(rows, p["quantizer.codebook"]).argmin(1)
    code = p["quantizer.codebook"][index].reshape(BATCH, POSITIONS, LATENT).transpose(1, 2)
    through = z + (code - z).detach()
    out = F.linear(through.reshape(BATCH, -1), p["decoder.weight"], p["decoder.bias"])
    reconstruction = -log_likelihood("bernoulli", p, x, out).mean()
    commitment = (z - code.detach()).square().sum(1).mean()
    codebook = (z.detach() - code).square().sum(1).mean()
    loss = reconstruction + 0.25 * commitment + (codebook if decay is None else 0)
    outputs = {"loss": loss, "reconstruction": reconstruction, "commitment": commitment}
    more = {}
    if decay is None:
        outputs["codebook"] = codebook
    else:
        one_hot = F.one_hot(index, CODES).double()
        used, total = one_hot.sum(0), one_hot.T @ rows
        old = p["quantizer.codebook"]
        counts = decay * torch.ones(CODES) + (1 - decay) * used
        sums = decay * old + (1 - decay) * total
        more["updates"] = {"quantizer.codebook": plain(sums / counts[:, None]), "quantizer.counts": plain(counts)}
    case("VQ-VAE" if decay is None else "VQ-VAE with moving averages", "quantized", {}, "bernoulli", {"x": x}, p,
         outputs, model="vq", decay=decay, codes=plain(index.reshape(BATCH, POSITIONS)), **more)

# FSQ (Mentzer et al. 2024, appendix A.1).
LEVELS = torch.tensor([5.0, 4.0, 3.0])
p = {"encoder.weight": fill(3, PIXELS, scale=2.0), "encoder.bias": fill(3), "decoder.weight": fill(PIXELS, 3),
     "decoder.bias": fill(PIXELS)}
p = {k: v.requires_grad_() for k, v in p.items()}
x = unit(BATCH, PIXELS)
z = F.linear(x, p["encoder.weight"], p["encoder.bias"])
half = (LEVELS - 1) * (1 - 1e-3) / 2
offset = torch.where(LEVELS % 2 == 1, 0.0, 0.5)
bounded = torch.tanh(z + torch.tan(offset / half)) * half - offset
whole = torch.round(bounded)
width = LEVELS // 2
code = (bounded + (whole - bounded).detach()) / width
basis = torch.tensor([1.0, 5.0, 20.0])
reconstruction = -log_likelihood("bernoulli", p, x, decode(p, code)).mean()
case("FSQ", "quantized", {}, "bernoulli", {"x": x}, p, {"loss": reconstruction, "reconstruction": reconstruction},
     model="fsq", codes=plain(((whole + width) * basis).sum(-1)))

provenance = f"PyTorch {torch.__version__.split('+')[0]}, float64, written by tooling/reference/vae-objectives.py"
OUT.write_text(json.dumps({"provenance": provenance, "cases": CASES}, allow_nan=False) + "\n")
print(len(CASES), "cases,", OUT.stat().st_size, "bytes")
