"""Trains pythae's VAEs as vae-pythae-kinds.mjs says, and measures where pythae is wrong.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 numpy==2.4.0 pythae==0.1.2
    V/bin/python tooling/reference/vae-pythae.py FOLDER [--faults]

FOLDER comes from vae-pythae.mjs, which also reads the result, FOLDER/pythae.json. pythae's models
and trainers run as they are; only networks, first weights and batches are given. Where a model has a
fault, a subclass without it runs too, under "mended". With --faults, only the faults are measured again.
"""
import json
import logging
import math
import pathlib
import sys

import numpy
import pythae.models as models
import torch
from pythae.data.datasets import BaseDataset, DatasetOutput
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import (AdversarialTrainer, AdversarialTrainerConfig, BaseTrainer, BaseTrainerConfig,
                             CoupledOptimizerTrainer, CoupledOptimizerTrainerConfig)
from torch import distributions, nn
from torch.nn import functional as F

logging.disable(logging.INFO)
torch.set_num_threads(1)
FOLDER = pathlib.Path(sys.argv[1])
S = json.loads((FOLDER / "settings.json").read_text())
KINDS, LATENT, BATCH = S["kinds"], S["latent"], S["batchSize"]
CODES, FEATURES = S["codes"], S["codeFeatures"]


def load(name):
    return torch.from_numpy(numpy.load(FOLDER / f"{name}.npy").copy())


TRAIN, TEST, PRIOR = load("train"), load("test"), load("prior")
SHAPE = {"input_dim": (64,), "latent_dim": LATENT}
BCE = {**SHAPE, "reconstruction_loss": "bce"}
ONE_KERNEL = {"kernel_choice": "imq", "scales": [1.0]}


def layers(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, S["hidden"]), nn.ReLU(), nn.Linear(S["hidden"], outputs))


class Encoder(BaseEncoder):
    """Means and log variances, or the vectors of a VQ-VAE as [batch, features, 1, positions]."""

    def __init__(self, kind):
        BaseEncoder.__init__(self)
        self.kind = kind
        self.layers = layers(64, (FEATURES if kind == "vqVae" else 2) * LATENT)

    def forward(self, x):
        h = self.layers(x.reshape(-1, 64))
        if self.kind == "vqVae":
            return ModelOutput(embedding=h.reshape(-1, FEATURES, 1, LATENT))
        return ModelOutput(embedding=h[:, :LATENT], log_covariance=h[:, LATENT:])


class Decoder(BaseDecoder):
    def __init__(self, kind):
        BaseDecoder.__init__(self)
        self.layers = layers((FEATURES if kind == "vqVae" else 1) * LATENT, 64)

    def forward(self, z):
        return ModelOutput(reconstruction=torch.sigmoid(self.layers(z.reshape(z.shape[0], -1))))


def bound(log_w):
    """`-log mean_k w_k` over the last axis, as a mean over all others."""
    return -(torch.logsumexp(log_w, -1) - math.log(log_w.shape[-1])).mean()


def log_weights(x, recon_x, mu, log_var, z):
    """log w of draws z [batch, ..., latent], without the prior's and the posterior's log 2 pi."""
    likelihood = -F.binary_cross_entropy(recon_x, x.reshape(-1, *[1] * (z.dim() - 2), 64).expand_as(recon_x),
                                         reduction="none").sum(-1)
    return likelihood - 0.5 * (z ** 2).sum(-1) + 0.5 * (log_var + (z - mu) ** 2 / log_var.exp()).sum(-1)


class MendedMiwae(models.MIWAE):
    """The weights of each group are normalised over its samples."""

    def loss_function(self, recon_x, x, mu, log_var, z):
        log_w = log_weights(x, recon_x, mu, log_var, z)
        return bound(log_w), torch.zeros(()), torch.zeros(())


class MendedPiwae(models.PIWAE):
    """The same; and the decoder's loss does not reach the encoder."""

    def loss_function(self, recon_x, x, mu, log_var, z):
        log_w = log_weights(x, recon_x, mu, log_var, z)
        whole = log_w.reshape(x.shape[0], -1)
        encoder = list(self.encoder.parameters())
        slopes = torch.autograd.grad(bound(whole), encoder, retain_graph=True)
        # The same value, and minus the gradient that the encoder would have.
        back = sum((g.detach() * (p - p.detach())).sum() for g, p in zip(slopes, encoder))
        return bound(log_w), bound(whole) - back, torch.zeros(()), torch.zeros(())


class MendedFactor(models.FactorVAE):
    """The discriminator's loss does not reach the encoder."""

    def loss_function(self, recon_x, x, mu, log_var, z, z_bis_permuted):
        recon, autoencoder, _ = super().loss_function(recon_x, x, mu, log_var, z, z_bis_permuted)
        judge = super().loss_function(recon_x, x, mu, log_var, z.detach(), z_bis_permuted)[2]
        return recon, autoencoder, judge


class MendedBetaTc(models.BetaTCVAE):
    """1 / N belongs to each item's own posterior."""

    def _log_importance_weight_matrix(self, batch_size, dataset_size):
        return stratified(batch_size, dataset_size)


def stratified(batch, total):
    others = batch - 1
    weights = torch.full((batch, batch), 1 / others)
    for i in range(batch):
        weights[i, i] = 1 / total
        weights[i, (i + 1) % batch] = (total - others) / (total * others)
    return weights.log()


def made(kind, mended=False):
    """pythae's config and class of a kind."""
    o = KINDS[kind]
    groups = {"number_gradient_estimates": o.get("groups"), "number_samples": o.get("samples", 0) // o.get("groups", 1)}
    table = {
        "vae": lambda: (models.VAE, models.VAEConfig(**BCE)),
        "betaVae": lambda: (models.BetaVAE, models.BetaVAEConfig(**BCE, beta=o["beta"])),
        "iwae": lambda: (models.IWAE, models.IWAEConfig(**BCE, number_samples=o["samples"])),
        "ciwae": lambda: (models.CIWAE, models.CIWAEConfig(**BCE, number_samples=o["samples"], beta=o["elboShare"])),
        "miwae": lambda: (MendedMiwae if mended else models.MIWAE, models.MIWAEConfig(**BCE, **groups)),
        "piwae": lambda: (MendedPiwae if mended else models.PIWAE, models.PIWAEConfig(**BCE, **groups)),
        "infoVae": lambda: (models.INFOVAE_MMD, models.INFOVAE_MMD_Config(
            **BCE, alpha=o["alpha"], lbd=o["lambda"], kernel_choice="rbf")),
        "wae": lambda: (models.WAE_MMD, models.WAE_MMD_Config(**SHAPE, reg_weight=o["lambda"], **ONE_KERNEL)),
        "betaTcWeighted": lambda: (models.BetaTCVAE, models.BetaTCVAEConfig(**BCE, beta=o["beta"], use_mss=False)),
        "betaTcStratified": lambda: (MendedBetaTc if mended else models.BetaTCVAE,
                                     models.BetaTCVAEConfig(**BCE, beta=o["beta"], use_mss=True)),
        "factorVae": lambda: (MendedFactor if mended else models.FactorVAE,
                              models.FactorVAEConfig(**BCE, gamma=o["gamma"])),
        "vamp": lambda: (models.VAMP, models.VAMPConfig(**BCE, number_components=o["pseudoInputs"])),
        # pythae takes means over a vector where the paper has sums.
        "vqVae": lambda: (models.VQVAE, models.VQVAEConfig(
            **SHAPE, num_embeddings=CODES, commitment_loss_factor=o["commitment"] * FEATURES,
            quantization_loss_factor=float(FEATURES))),
    }
    return table[kind]()


MENDED = ("miwae", "piwae", "betaTcStratified", "factorVae")


def first(kind, seed, mended=False):
    """A model with the first weights of the seed."""
    torch.manual_seed(seed)
    cls, config = made(kind, mended)
    model = cls(config, encoder=Encoder(kind), decoder=Decoder(kind))
    source = kind if kind in ("vamp", "vqVae") else "vae"
    with torch.no_grad():
        for side in ("encoder", "decoder"):
            for theirs, ours in ((0, 0), (2, 1)):
                for part in ("weight", "bias"):
                    value = load(f"{source}-{seed}-{side}.layers.{ours}.{part}")
                    getattr(getattr(model, side).layers[theirs], part).copy_(value)
        if kind == "vamp":
            # Free numbers, as ours: without the shared bias and the bounds.
            model.pseudo_inputs = nn.Linear(KINDS[kind]["pseudoInputs"], 64, bias=False)
            model.pseudo_inputs.weight.copy_(load(f"vamp-{seed}-prior.pseudoInputs").T)
        if kind == "vqVae":
            model.quantizer.embeddings.weight.copy_(load(f"vqVae-{seed}-quantizer.codebook"))
    if kind == "factorVae":
        a, b = S["discriminator"]
        model.discriminator = nn.Sequential(nn.Linear(LATENT, a), nn.ReLU(), nn.Linear(a, b), nn.ReLU(), nn.Linear(b, 2))
    return model


class Batches:
    """The batches of a seed, one epoch at a time."""

    def __init__(self, seed):
        self.order, self.dataset, self.at = load(f"order-{seed}").long(), TRAIN, 0

    def __len__(self):
        return len(TRAIN) // BATCH

    def __iter__(self):
        for _ in range(len(self)):
            yield DatasetOutput(data=TRAIN[self.order[self.at]])
            self.at += 1


class Silent:
    def __getattr__(self, _):
        return lambda *_, **__: None


def train(kind, seed, mended=False):
    model = first(kind, seed, mended)
    common = {"output_dir": str(FOLDER / "trainings"), "num_epochs": S["steps"] * BATCH // len(TRAIN), "no_cuda": True,
              "per_device_train_batch_size": BATCH, "seed": seed}
    rate = S["learningRate"]
    if kind == "factorVae":
        trainer, config = AdversarialTrainer, AdversarialTrainerConfig(
            **common, autoencoder_learning_rate=rate, discriminator_learning_rate=rate)
    elif kind == "piwae":
        trainer, config = CoupledOptimizerTrainer, CoupledOptimizerTrainerConfig(
            **common, encoder_learning_rate=rate, decoder_learning_rate=rate)
    else:
        trainer, config = BaseTrainer, BaseTrainerConfig(**common, learning_rate=rate)
    run = trainer(model, train_dataset=BaseDataset(TRAIN, torch.zeros(len(TRAIN))), training_config=config)
    run.prepare_training()
    run.train_loader, run.callback_handler = Batches(seed), Silent()
    for epoch in range(1, config.num_epochs + 1):
        run.train_step(epoch)
    return model.eval()


@torch.no_grad()
def draws(model, x, count):
    out = model.encoder(x)
    mu, log_var = out.embedding.unsqueeze(1), out.log_covariance.unsqueeze(1)
    z = mu + torch.exp(log_var / 2) * torch.randn(len(x), count, LATENT)
    recon_x = model.decoder(z.reshape(-1, LATENT)).reconstruction.reshape(len(x), count, 64)
    return mu, log_var, z, recon_x


@torch.no_grad()
def measure(kind, model):
    """What `trained` of vae-pythae-kinds.mjs gives."""
    torch.manual_seed(1)
    if kind == "wae":
        z = model.encoder(TEST).embedding
        _, error, mmd = model.loss_function(model.decoder(z).reconstruction, TEST, z, PRIOR)
        return {"squaredError": error.item(), "mmd": mmd.item()}
    if kind == "vqVae":
        error = model(DatasetOutput(data=TEST)).recon_loss.item()
        return {"negativeElbo": error + 32 * math.log(math.pi) + LATENT * math.log(CODES)}
    losses, likelihoods = [], []
    for x in TEST.split(33):
        for count, found in ((S["elboSamples"], losses), (S["likelihoodSamples"], likelihoods)):
            mu, log_var, z, recon_x = draws(model, x, count)
            log_w = log_weights(x, recon_x, mu, log_var, z)
            if kind == "vamp":
                log_w += 0.5 * (z ** 2).sum(-1) + model._log_p_z(z.reshape(-1, LATENT)).reshape(z.shape[:2])
            elif count == S["elboSamples"]:
                gap = log_w + 0.5 * (z ** 2).sum(-1) - 0.5 * (log_var + (z - mu) ** 2 / log_var.exp()).sum(-1)
                kl = 0.5 * (mu ** 2 + log_var.exp() - 1 - log_var).sum(-1)
                log_w = gap - kl
            mean = -log_w.mean(1) if found is losses else torch.logsumexp(log_w, 1) - math.log(count)
            found.append(mean)
    return {"negativeElbo": torch.cat(losses).mean().item(), "logLikelihood": torch.cat(likelihoods).mean().item()}


def flat(grads):
    return torch.cat([g.reshape(-1) for g in grads])


def share(a, b):
    """|a - b| as a share of |b|."""
    return ((a - b).norm() / b.norm()).item()


def encoder_slopes(model, loss):
    return flat(torch.autograd.grad(loss, list(model.encoder.parameters()), retain_graph=True))


def faults(plain):
    """What pythae computes on a trained plain VAE, beside what it should."""
    torch.manual_seed(2)
    x, found = TEST[:BATCH], {}

    def like(kind, **change):
        model = first(kind, 0)
        model.encoder, model.decoder = plain.encoder, plain.decoder
        for name, value in change.items():
            setattr(model, name, value)
        return model

    # MIWAE and PIWAE: 2 groups of 8 draws.
    model = like("miwae")
    out = plain.encoder(x)
    shape = (BATCH, model.gradient_n_estimates, model.n_samples, LATENT)
    mu, log_var = (t[:, None, None].expand(shape) for t in (out.embedding, out.log_covariance))
    z = mu + torch.exp(log_var / 2) * torch.randn(shape)
    recon_x = plain.decoder(z.reshape(-1, LATENT)).reconstruction.reshape(*shape[:3], 64)
    log_w = log_weights(x, recon_x, mu, log_var, z)
    reported = model.loss_function(recon_x, x, mu, log_var, z)[0]
    right, swapped = bound(log_w), bound(log_w.transpose(1, 2))
    slopes = [encoder_slopes(model, loss) for loss in (reported, right, swapped)]
    found["miwae"] = {"gradientError": share(slopes[0], slopes[1]), "gradientErrorSwapped": share(slopes[0], slopes[2]),
                      "reported": reported.item(), "right": right.item()}

    model = like("piwae")
    encoder_loss, decoder_loss = model.loss_function(recon_x, x, mu, log_var, z)[:2]
    parameters = list(model.encoder.parameters())
    run = CoupledOptimizerTrainer(
        model, train_dataset=BaseDataset(TRAIN, torch.zeros(len(TRAIN))), training_config=CoupledOptimizerTrainerConfig(
            output_dir=str(FOLDER / "trainings"), no_cuda=True, encoder_learning_rate=0.0, decoder_learning_rate=0.0))
    run.prepare_training()
    first_loss, second_loss = encoder_slopes(model, encoder_loss), encoder_slopes(model, decoder_loss)
    run._optimizers_step(ModelOutput(encoder_loss=encoder_loss, decoder_loss=decoder_loss, update_encoder=True,
                                     update_decoder=True))
    used = flat([p.grad for p in parameters])
    found["piwae"] = {"errorOfSum": share(used, first_loss + second_loss), "leak": share(used, first_loss),
                      "gradientError": share(used, slopes[1])}
    for p in plain.parameters():
        p.grad = None

    # FactorVAE, after a training, so that the discriminator knows something.
    model = train("factorVae", 0)
    run = AdversarialTrainer(
        model, train_dataset=BaseDataset(TRAIN, torch.zeros(len(TRAIN))), training_config=AdversarialTrainerConfig(
            output_dir=str(FOLDER / "trainings"), no_cuda=True, autoencoder_learning_rate=0.0,
            discriminator_learning_rate=0.0))
    run.prepare_training()
    out = model(DatasetOutput(data=TRAIN[:BATCH]))
    own = encoder_slopes(model, out.autoencoder_loss)
    judge = encoder_slopes(model, out.discriminator_loss)
    run._optimizers_step(out)
    used = flat([p.grad for p in model.encoder.parameters()])
    found["factorVae"] = {"leak": share(used, own), "errorOfSum": share(used, own + judge)}

    # beta-TC: whose weight is 1 / N.
    model = like("betaTcStratified")
    weights = model._log_importance_weight_matrix(BATCH, len(TRAIN)).exp()
    is_own = (weights - 1 / len(TRAIN)).abs() < 1e-9
    out = plain.encoder(x)
    mu, log_var = out.embedding, out.log_covariance
    z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
    pairs = model._compute_log_gauss_density(z[:, None], mu[None], log_var[None])

    def correlation(log_w):
        joint = torch.logsumexp(log_w + pairs.sum(-1), 1)
        single = torch.logsumexp(log_w[..., None] + pairs, 1).sum(-1)
        return (joint - single).mean().item()

    found["betaTc"] = {"ownItems": int(is_own.diagonal().sum()), "firstColumn": int(is_own[:, 0].sum()), "items": BATCH,
                       "totalCorrelation": correlation(weights.log()),
                       "right": correlation(stratified(BATCH, len(TRAIN)))}

    # IWAE: the reported loss beside the bound, on all test items.
    found["iwae"] = []
    model = train("iwae", 0)
    for samples in (5, KINDS["iwae"]["samples"]):
        model.n_samples = samples
        mu, log_var, z, recon_x = draws(model, TEST, samples)
        mu, log_var = mu.expand_as(z), log_var.expand_as(z)
        with torch.no_grad():
            reported = model.loss_function(recon_x, TEST, mu, log_var, z)[0].item()
            right = bound(log_weights(TEST, recon_x, mu, log_var, z)).item()
        found["iwae"].append({"samples": samples, "reported": reported, "right": right})

    # The squared error, beside the Gaussian that get_nll takes.
    mse = models.VAE(models.VAEConfig(**SHAPE, reconstruction_loss="mse"), encoder=plain.encoder, decoder=plain.decoder)
    with torch.no_grad():
        recon_x = torch.rand_like(TEST)
        zero = torch.zeros(len(TEST), LATENT)
        reported = mse.loss_function(recon_x, TEST, zero, zero, zero)[0].item()
        right = -distributions.Normal(recon_x, 1).log_prob(TEST).sum(1).mean().item()
    found["squaredError"] = {"reported": reported, "right": right}

    # EMA codebooks: how the first step multiplies the random numbers that the sums start with.
    config = models.VQVAEConfig(**SHAPE, num_embeddings=CODES, use_ema=True)
    model = models.VQVAE(config, encoder=Encoder("vqVae"), decoder=Decoder("vqVae"))
    start = model.quantizer.ema_embed.norm(dim=1)
    out = model.train()(DatasetOutput(data=x))
    z = model.encoder(x).embedding.permute(0, 2, 3, 1).reshape(-1, FEATURES)
    index = out.quantized_indices.reshape(-1)
    codes, counts = model.quantizer.embeddings, torch.bincount(index, minlength=CODES)
    used = counts > 0
    means = torch.zeros(CODES, FEATURES).index_add_(0, index, z.detach()) / counts.clamp(min=1)[:, None]
    factors = (codes - means).norm(dim=1) / start
    few = int(torch.where(used, counts, len(index)).argmin())
    found["ema"] = {"codes": CODES, "vectors": len(index), "unused": int((~used).sum()),
                    "factorOfUnused": factors[~used].max().item(), "fewestVectors": int(counts[few]),
                    "factorOfFewest": factors[few].item(), "largestCode": codes.abs().max().item(),
                    "largestVector": z.abs().max().item()}

    # get_nll: how many draws it takes.
    rows = []
    handle = plain.decoder.register_forward_hook(lambda _, given, __: rows.append(len(given[0])))
    found["likelihood"] = []
    for samples in (1, 10, 150, 500):
        rows.clear()
        with torch.no_grad():
            plain.get_nll(TEST[:1], n_samples=samples)
        found["likelihood"].append({"asked": samples, "taken": sum(rows)})
    handle.remove()
    with torch.no_grad():
        found["ownLogLikelihood"] = float(plain.get_nll(TEST, n_samples=S["likelihoodSamples"]))
        found["ownElbo"] = float(plain.get_nll(TEST, n_samples=1))
    return found


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def of_seeds(kind, mended=False):
    found = {}
    for seed in range(S["moreSeeds"].get(kind, S["seeds"])):
        model = train(kind, seed, mended)
        for name, value in measure(kind, model).items():
            found.setdefault(name, []).append(round(value, 4))
        print(kind, "mended" if mended else "", seed, {k: v[-1] for k, v in found.items()}, flush=True)
    return found


if __name__ == "__main__":
    result = {
        "provenance": f"pythae 0.1.2, PyTorch {torch.__version__.split('+')[0]}, numpy {numpy.__version__}, "
                      "written by tooling/reference/vae-pythae.py and vae-pythae.mjs",
        "faults": rounded(faults(train("vae", 0))),
    }
    print(json.dumps(result["faults"], indent=1), flush=True)
    out = FOLDER / "pythae.json"
    if "--faults" in sys.argv:
        result = {**json.loads(out.read_text()), **result}
    else:
        result["pythae"] = {kind: of_seeds(kind) for kind in KINDS}
        result["mended"] = {kind: of_seeds(kind, True) for kind in MENDED}
    out.write_text(json.dumps(result))
