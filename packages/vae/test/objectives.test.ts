/*
 * Losses, terms and gradients of each objective beside PyTorch's, in float64. The references were
 * written by tooling/reference/vae-objectives.py.
 */
import {
  add,
  type DType,
  type Expr,
  gather,
  gradients,
  graphOf,
  type Input,
  input,
  matmul,
  parameter,
  reshape,
  tensor,
} from "@gen/graph";
import { evaluate } from "@gen/graph/evaluate";
import { type Network, network, withWeights } from "@gen/nn";
import { describe, expect, it } from "vitest";
import {
  betaTcLoss,
  factorVaeLoss,
  finiteScalarQuantizer,
  hierarchicalLoss,
  infoVaeLoss,
  iwaeLoss,
  type Likelihood,
  quantizedLoss,
  quantizedVae,
  type Vae,
  vae,
  vaeLoss,
  vectorQuantizer,
  waeLoss,
} from "../src/index.ts";
import small from "./reference/objectives.json" with { type: "json" };
import wide from "./reference/objectives-wide.json" with { type: "json" };

interface Stored {
  readonly shape: number[];
  readonly data: number[];
}
interface Case {
  readonly name: string;
  readonly objective: string;
  readonly options: Record<string, never>;
  readonly likelihood: Likelihood;
  readonly inputs: Record<string, Stored>;
  readonly parameters: Record<string, Stored>;
  readonly outputs: Record<string, number>;
  readonly gradients: Record<string, Stored>;
  readonly model?: string;
  readonly decay?: number | null;
  readonly codes?: Stored;
  readonly updates?: Record<string, Stored>;
}

const cases = [small, wide].flatMap((file) => file.cases as unknown as Case[]);

const dtype = "float64";
const isWhole = (name: string) => name === "permutation" || name === "condition";
const dtypeOf = (name: string): DType => (isWhole(name) ? "int64" : dtype);

/** A linear layer whose weights are those of the case, and a vector for each class if it has some. */
function layer(
  one: Case,
  name: string,
  shape: readonly number[],
  latent: readonly number[],
): Network {
  const stored = (part: string) => {
    const found = one.parameters[`${name}.${part}`];
    return found && parameter(`${name}.${part}`, tensor(found.data, found.shape, dtype));
  };
  const [weight, bias, classes] = [stored("weight"), stored("bias"), stored("classes")];
  const signature = {
    x: { shape: ["batch", ...shape], dtype } as const,
    ...(classes && { condition: { shape: ["batch"], dtype: "int64" } as const }),
  };
  const apply = (x: Expr, condition?: Expr) => {
    const flat = reshape(x, [x.shape[0], weight.shape[1]]);
    const out = add(matmul(flat, weight, { transposeB: true }), bias);
    const whole = condition ? add(out, gather(classes, condition)) : out;
    return reshape(whole, [x.shape[0], -1, ...latent.slice(1)]);
  };
  return network(signature, apply, classes ? classes.value.shape[0] : undefined);
}

/** The loss of a case, its parameters, and the codebook's updates. */
function lossOf(one: Case) {
  const { likelihood, options } = one;
  const [outputs, pixels] = one.parameters["encoder.weight"].shape;
  const flat = (name: string, width: number) => layer(one, name, [width], [0]);
  if (one.model === "vq" || one.model === "fsq") {
    const latent = one.model === "vq" ? [outputs / 3, 3] : [3];
    const quantizer =
      one.model === "vq"
        ? vectorQuantizer({ codes: 4, features: latent[0], decay: one.decay ?? undefined })
        : finiteScalarQuantizer([5, 4, 3]);
    const model = given(
      quantizedVae({
        encoder: layer(one, "encoder", [pixels], latent),
        decoder: layer(one, "decoder", latent, [0]),
        quantizer,
      }),
      one,
    );
    const loss = quantizedLoss(model, options);
    return { loss, parameters: model.parameters, updates: loss.updates, model };
  }
  const features = outputs / 2;
  const parts = {
    encoder: flat("encoder", pixels),
    decoder: flat("decoder", features),
    likelihood,
  };
  const model = given(vae({ ...parts, ...(one.model === "vamp" && { pseudoInputs: 3 }) }), one);
  const { parameters } = model;
  if (one.objective === "hierarchical") {
    const upper = vae({
      encoder: flat("upper.encoder", features),
      decoder: flat("upper.decoder", 1),
      likelihood: { sigma: "predicted" },
    });
    const loss = hierarchicalLoss(model, upper, options);
    return { loss, parameters: [...parameters, ...upper.parameters] };
  }
  if (one.objective === "factorVae") {
    const discriminator = flat("discriminator", features);
    const loss = factorVaeLoss(model, discriminator, options);
    return { loss, parameters: [...parameters, ...discriminator.parameters] };
  }
  const make: Record<string, (model: Vae, options: never) => (inputs: never) => unknown> = {
    vae: vaeLoss,
    iwae: iwaeLoss,
    infoVae: infoVaeLoss,
    wae: waeLoss,
    betaTc: betaTcLoss,
  };
  return { loss: make[one.objective](model, options as never), parameters };
}

/** The model with the case's weights. Those of the likelihood, the prior and the codes are float32. */
function given<Model extends Pick<Vae, "parameters">>(model: Model, one: Case): Model {
  const own = model.parameters.map(({ name }) => [name, { dtype, ...one.parameters[name] }]);
  return withWeights(model, Object.fromEntries(own));
}

function inputsOf(one: Case): Record<string, Input> {
  const entries = Object.entries(one.inputs).map(([name, { shape }]) => {
    return [name, input(name, { shape, dtype: dtypeOf(name) })] as const;
  });
  return Object.fromEntries(entries);
}

const valuesOf = (one: Case) =>
  Object.fromEntries(
    Object.entries(one.inputs).map(([name, { data, shape }]) => {
      return [name, tensor(data, shape, dtypeOf(name))];
    }),
  );

function expectNear(found: ArrayLike<unknown>, wanted: readonly number[], within: number): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) {
    const gap = Math.abs(Number(found[i]) - value);
    expect(gap).toBeLessThanOrEqual(within * Math.max(1, Math.abs(value)));
  }
}

describe("objectives beside PyTorch", () => {
  it.each(cases)("$name", (one) => {
    const { loss, parameters } = lossOf(one);
    const inputs = inputsOf(one);
    const found = loss(inputs as never) as Record<string, Expr>;
    const slopes = gradients(found.loss, parameters);
    const outputs: Record<string, Expr> = { ...found };
    for (const [i, { name }] of parameters.entries()) outputs[`d ${name}`] = slopes[i];
    const values = evaluate(graphOf(outputs, Object.values(inputs)), valuesOf(one));
    // torch's continuous Bernoulli has a Taylor polynomial near 0.5.
    const within = one.likelihood === "continuous-bernoulli" ? 1e-7 : 1e-12;
    for (const [name, value] of Object.entries(one.outputs)) {
      expectNear(values[name].data, [value], within);
    }
    expect(parameters.map(({ name }) => name).sort()).toEqual(Object.keys(one.gradients).sort());
    for (const [name, { data }] of Object.entries(one.gradients)) {
      expectNear(values[`d ${name}`].data, data, within);
    }
  });

  it.each(cases.filter(({ codes }) => codes))(
    "the codes of $name, and what moving averages make of them",
    (one) => {
      const { model, updates } = lossOf(one);
      const { x } = inputsOf(one);
      const { codes } = (model as NonNullable<typeof model>).encode(x);
      expectNear(
        evaluate(graphOf({ codes }), valuesOf(one)).codes.data,
        (one.codes as Stored).data,
        0,
      );
      if (!one.updates) return;
      const next = updates?.({ x }).map(([{ name }, value]) => [name, value] as const) ?? [];
      const values = evaluate(graphOf(Object.fromEntries(next)), valuesOf(one));
      // The updates are float32, as the codebook is.
      for (const [name, { data }] of Object.entries(one.updates)) {
        expectNear(values[name].data, data, 1e-6);
      }
    },
  );
});
