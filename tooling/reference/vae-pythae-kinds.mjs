/*
 * The trainings that are compared with pythae's: the same digits, first weights, order of batches,
 * steps and learning rate there and here. The noise is each library's own.
 *
 * The packages are arguments, so that a script runs their builds and a test their sources.
 */

/** What both libraries read. The options of `kinds` are those of our losses. */
export const settings = {
  trainItems: 1500,
  threshold: 8,
  hidden: 128,
  latent: 6,
  batchSize: 100,
  steps: 1500,
  learningRate: 1e-3,
  seeds: 3,
  // Where three seeds scatter too much to tell.
  moreSeeds: { piwae: 10, infoVae: 10, factorVae: 10, vamp: 10 },
  elboSamples: 50,
  likelihoodSamples: 500,
  discriminator: [64, 64],
  codes: 32,
  codeFeatures: 2,
  kinds: {
    vae: {},
    betaVae: { beta: 2 },
    iwae: { samples: 10 },
    ciwae: { samples: 10, elboShare: 0.5 },
    miwae: { samples: 16, groups: 2 },
    piwae: { samples: 16, groups: 2 },
    infoVae: { alpha: 0.5, lambda: 20 },
    wae: { lambda: 10 },
    betaTcWeighted: { beta: 2 },
    betaTcStratified: { beta: 2 },
    factorVae: { gamma: 2 },
    vamp: { pseudoInputs: 50 },
    vqVae: { commitment: 0.25 },
  },
};

/** The seeds of a kind, from 0. */
export const seedsOf = (kind) =>
  Array.from({ length: settings.moreSeeds[kind] ?? settings.seeds }, (_, seed) => seed);

/** The digits with each value 0 or 1, in items to train on and the rest. */
export async function binarizedDigits({ digits, slice }) {
  const all = await digits();
  const data = Float32Array.from(all.data, (v) => (v >= settings.threshold ? 1 : 0));
  const flat = { ...all, name: "binarized digits", data, shape: [64], range: undefined };
  const { trainItems } = settings;
  return { train: slice(flat, 0, trainItems), test: slice(flat, trainItems, all.length) };
}

/** The model of a kind before training. */
export function firstModel({ graph, nn, vae }, kind, seed) {
  const { hidden, latent, codes, codeFeatures } = settings;
  const { pseudoInputs } = settings.kinds[kind];
  if (kind !== "vqVae") {
    return vae.mlpVae({ shape: [64], hidden: [hidden], latent, seed, pseudoInputs });
  }
  const { reshape, sigmoid } = graph;
  const size = codeFeatures * latent;
  const layers = { hidden: [hidden], activation: "relu", seed };
  const inner = nn.mlp({ name: "encoder.", inputs: 64, outputs: size, ...layers });
  const outer = nn.mlp({ name: "decoder.", inputs: size, outputs: 64, ...layers });
  const encode = (x) => reshape(inner.apply(x), [x.shape[0], codeFeatures, latent]);
  const decode = (z) => sigmoid(outer.apply(reshape(z, [z.shape[0], size])));
  return vae.quantizedVae({
    encoder: nn.network({ x: { shape: ["batch", 64] } }, encode),
    decoder: nn.network({ z: { shape: ["batch", codeFeatures, latent] } }, decode),
    quantizer: vae.vectorQuantizer({ codes, features: codeFeatures, seed }),
    // With this variance of 1/2, the loss has pythae's squared error.
    likelihood: { sigma: Math.SQRT1_2 },
  });
}

/** The loss of a kind, and the draws of z for each item. */
function objectiveOf({ vae, nn }, kind, seed) {
  const { trainItems, latent, discriminator } = settings;
  const { samples, ...options } = settings.kinds[kind];
  const weighing = kind.replace("betaTc", "").toLowerCase();
  const objectives = {
    vae: (model) => vae.vaeLoss(model),
    betaVae: (model) => vae.vaeLoss(model, options),
    iwae: (model) => vae.iwaeLoss(model),
    ciwae: (model) => vae.iwaeLoss(model, options),
    miwae: (model) => vae.iwaeLoss(model, options),
    piwae: (model) => vae.iwaeLoss(model, { ...options, gradient: "grouped" }),
    infoVae: (model) => vae.infoVaeLoss(model, options),
    wae: (model) => vae.waeLoss(model, options),
    factorVae(model) {
      const layers = { inputs: latent, hidden: discriminator, outputs: 2, activation: "relu" };
      const judge = nn.mlp({ name: "discriminator.", ...layers, seed });
      return vae.factorVaeLoss(model, judge, options);
    },
    vamp: (model) => vae.vaeLoss(model),
  };
  const betaTc = (model) =>
    vae.betaTcLoss(model, { ...options, dataSize: trainItems, sampling: weighing });
  return { samples, objective: objectives[kind] ?? betaTc };
}

/**
 * Trains a kind and measures it on the test items: `negativeElbo` and `logLikelihood` in nats, or
 * what a kind without a bound has.
 *
 * @param packages The packages `data`, `graph`, `math`, `nn`, `runtime` and `vae`.
 * @returns {Promise<Record<string, number>>}
 */
export async function trained(packages, { backend, kind, seed }) {
  const { vae } = packages;
  const { batchSize, steps, learningRate, latent, elboSamples, likelihoodSamples } = settings;
  const { train, test } = await binarizedDigits(packages.data);
  if (kind === "vqVae") return trainedCodes(packages, { backend, seed, train, test });
  const { samples, objective } = objectiveOf(packages, kind, seed);
  const { vae: model } = await vae.trainVae({
    backend,
    model: firstModel(packages, kind, seed),
    dataset: train,
    // pythae's FactorVAE splits a batch: one half for the VAE, one for the permuted draws.
    batchSize: kind === "factorVae" ? batchSize / 2 : batchSize,
    steps,
    learningRate,
    seed,
    samples,
    objective,
  });
  if (kind === "wae") {
    const prior = { data: priorDraws(packages, test.length), shape: [test.length, latent] };
    const inputs = { ...itemsOf(test), epsilon: prior, prior };
    const { cost, mmd } = await values(packages, backend, vae.waeLoss(model), inputs);
    return { squaredError: cost, mmd };
  }
  const { elbo } = await vae.elbo({ backend, model, dataset: test, samples: elboSamples });
  const { logLikelihood } = await vae.logLikelihood({
    backend,
    model,
    dataset: test,
    samples: likelihoodSamples,
    batchSize: 50 * likelihoodSamples,
  });
  return { negativeElbo: -elbo, logLikelihood };
}

/** Draws of the prior that both libraries compare a WAE's codes with. */
export const priorDraws = ({ math }, count) =>
  math.normalNoise({ seed: 0, purpose: "prior", batch: count, size: settings.latent });

async function trainedCodes(packages, { backend, seed, train, test }) {
  const { data, nn, vae } = packages;
  const { batchSize, steps, learningRate } = settings;
  const model = firstModel(packages, "vqVae", seed);
  const lossOf = (one) => vae.quantizedLoss(one, settings.kinds.vqVae);
  const source = data.batches(train, { batchSize, seed });
  const shape = [batchSize, 64];
  function* inputs() {
    for (;;) yield { x: { data: source.next().value.x, shape } };
  }
  const { weights } = await nn.train({
    backend,
    signature: { x: { shape } },
    parameters: model.parameters,
    loss: lossOf(model),
    optimizer: nn.adam({ learningRate }),
    batches: inputs(),
    steps,
  });
  const loss = lossOf(nn.withWeights(model, weights));
  const { reconstruction, kl } = await values(packages, backend, loss, itemsOf(test));
  return { negativeElbo: reconstruction + kl };
}

const itemsOf = ({ data, length }) => ({ x: { data, shape: [length, 64] } });

/** The values of a loss. */
async function values({ graph, runtime }, backend, loss, inputs) {
  const shapes = Object.entries(inputs).map(([name, { shape }]) => [name, { shape }]);
  const program = await backend.compile(graph.trace(loss, Object.fromEntries(shapes)));
  const found = await runtime.callProgram(backend, program, inputs);
  await program.dispose();
  return Object.fromEntries(Object.entries(found).map(([name, [value]]) => [name, value]));
}
