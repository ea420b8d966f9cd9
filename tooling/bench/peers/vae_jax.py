"""The VAE peer in JAX: the network, loss and Adam of `vae.py`, one step as one jitted function."""
import os

import serve

os.environ["NPROC"] = str(serve.threads)  # XLA reads its number of threads here.

import jax, optax
from jax import numpy as jnp

from fashion import images

train = jnp.asarray(images("train"))
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


def weights():
    sizes = {"hidden": (784, 400), "mean": (400, 20), "log_variance": (400, 20), "up": (20, 400), "out": (400, 784)}
    keys = iter(jax.random.split(jax.random.key(0), 2 * len(sizes)))
    def uniform(shape, bound):
        return jax.random.uniform(next(keys), shape, minval=-bound, maxval=bound)

    return {name: (uniform((a, b), a ** -0.5), uniform((b,), a ** -0.5)) for name, (a, b) in sizes.items()}


def loss(w, x, noise):
    def layer(name, h):
        return h @ w[name][0] + w[name][1]

    h = jax.nn.relu(layer("hidden", x))
    mean, log_variance = layer("mean", h), layer("log_variance", h)
    z = mean + jnp.exp(0.5 * log_variance) * noise
    logits = layer("out", jax.nn.relu(layer("up", z)))
    reconstruction = optax.sigmoid_binary_cross_entropy(logits, x).sum()
    kl = 0.5 * jnp.sum(mean * mean + jnp.exp(log_variance) - log_variance - 1)
    return (reconstruction + kl) / len(x)


def own_adam():
    """The functions `init` and `update` of Adam, as optax has them."""
    def init(w):
        zeros = jax.tree.map(jnp.zeros_like, w)
        return 0, zeros, zeros

    def update(gradients, state):
        count, m, v = state[0] + 1, *state[1:]
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, gradients)
        scale = RATE / (1 - BETA1 ** count)
        root = 1 / jnp.sqrt(1 - BETA2 ** count)
        updates = jax.tree.map(lambda m, v: -scale * m / (jnp.sqrt(v) * root + EPSILON), m, v)
        return updates, (count, m, v)

    return init, update


adams = {"optax's Adam": lambda: optax.adam(RATE, BETA1, BETA2, EPSILON), "own Adam": own_adam}
init, update = adams[serve.choose(*adams)]()


@jax.jit
def train_step(state, key):
    w, adam = state
    key, batch_key, noise_key = jax.random.split(key, 3)
    x = train[jax.random.randint(batch_key, (128,), 0, len(train))]
    value, gradients = jax.value_and_grad(loss)(w, x, jax.random.normal(noise_key, (128, 20)))
    updates, adam = update(gradients, adam)
    return (optax.apply_updates(w, updates), adam), key, value


w = weights()
state, key = (w, init(w)), jax.random.key(1)


def step():
    global state, key
    state, key, value = train_step(state, key)
    return value.item()


serve.answer({"steps": lambda count: serve.time_steps(step, count)}, f"JAX {jax.__version__} (XLA on the CPU)")
