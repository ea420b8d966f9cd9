/*
 * The page "From pythae": trained VAEs beside pythae's, and where pythae is wrong. All numbers are
 * those of the reference file, which tooling/reference/vae-pythae.mjs writes.
 */
import reference from "../../packages/vae/test/reference/pythae.json" with { type: "json" };
import { type Bilingual, type Language, markdownTable } from "./written-parts.ts";

type Seeds = readonly number[];

/** The measures of a kind, each over the seeds. */
type Measures = Readonly<Record<string, Seeds>>;

const { settings, faults } = reference;
const ours: Readonly<Record<string, Measures>> = reference.ours;
const released: Readonly<Record<string, Measures>> = reference.pythae;
const mended: Readonly<Record<string, Measures>> = reference.mended;
const { kinds } = settings;

/** The mean of some numbers, and their standard deviation. */
export function spread(values: Seeds): { mean: number; deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const square = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
  return { mean, deviation: Math.sqrt(square) };
}

/** Each kind with our numbers and those that they must agree with: pythae's, without its faults. */
export const comparisons = Object.keys(kinds).flatMap((kind) =>
  Object.keys(ours[kind]).map((measure) => ({
    kind,
    measure,
    ours: ours[kind][measure],
    theirs: (mended[kind] ?? released[kind])[measure],
  })),
);

const groups = `${kinds.miwae.groups} x ${kinds.miwae.samples / kinds.miwae.groups}`;

const names: Readonly<Record<string, Bilingual>> = {
  vae: { en: "VAE", zh: "VAE" },
  betaVae: {
    en: `beta-VAE, beta ${kinds.betaVae.beta}`,
    zh: `beta-VAE，beta ${kinds.betaVae.beta}`,
  },
  iwae: { en: `IWAE, ${kinds.iwae.samples} draws`, zh: `IWAE，${kinds.iwae.samples} 次抽样` },
  ciwae: {
    en: `CIWAE, ${kinds.ciwae.samples} draws, half the ELBO`,
    zh: `CIWAE，${kinds.ciwae.samples} 次抽样，ELBO 占一半`,
  },
  miwae: { en: `MIWAE, ${groups} draws`, zh: `MIWAE，${groups} 次抽样` },
  piwae: { en: `PIWAE, ${groups} draws`, zh: `PIWAE，${groups} 次抽样` },
  infoVae: {
    en: `InfoVAE, alpha ${kinds.infoVae.alpha}, lambda ${kinds.infoVae.lambda}`,
    zh: `InfoVAE，alpha ${kinds.infoVae.alpha}，lambda ${kinds.infoVae.lambda}`,
  },
  wae: { en: `WAE-MMD, lambda ${kinds.wae.lambda}`, zh: `WAE-MMD，lambda ${kinds.wae.lambda}` },
  betaTcWeighted: {
    en: `beta-TC, beta ${kinds.betaTcWeighted.beta}, weighted`,
    zh: `beta-TC，beta ${kinds.betaTcWeighted.beta}，加权抽样`,
  },
  betaTcStratified: {
    en: `beta-TC, beta ${kinds.betaTcStratified.beta}, stratified`,
    zh: `beta-TC，beta ${kinds.betaTcStratified.beta}，分层抽样`,
  },
  factorVae: {
    en: `FactorVAE, gamma ${kinds.factorVae.gamma}`,
    zh: `FactorVAE，gamma ${kinds.factorVae.gamma}`,
  },
  vamp: {
    en: `VampPrior, ${kinds.vamp.pseudoInputs} components`,
    zh: `VampPrior，${kinds.vamp.pseudoInputs} 个分量`,
  },
  vqVae: { en: `VQ-VAE, ${settings.codes} codes`, zh: `VQ-VAE，${settings.codes} 个码` },
};

const measures: Readonly<Record<string, Bilingual>> = {
  negativeElbo: { en: "negative ELBO", zh: "负 ELBO" },
  logLikelihood: {
    en: `IWAE-${settings.likelihoodSamples}`,
    zh: `IWAE-${settings.likelihoodSamples}`,
  },
  squaredError: { en: "squared error", zh: "平方误差" },
  mmd: { en: "MMD", zh: "MMD" },
};

const words = {
  en: {
    bounds: ["kind", "measure", "ours", "pythae", "pythae as released"],
    faults: ["what", "measured", "here"],
    same: "the same",
  },
  zh: {
    bounds: ["种类", "指标", "我们", "pythae", "pythae 发布版原样"],
    faults: ["内容", "实测", "这里"],
    same: "相同",
  },
} as const satisfies Record<Language, object>;

function seedText(values: Seeds, digits = 2): string {
  const { mean, deviation } = spread(values);
  return `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}`;
}

function boundRows(language: Language): string[][] {
  return comparisons.map(({ kind, measure, ours, theirs }) => {
    const digits = measure === "mmd" ? 4 : 2;
    const asReleased = mended[kind]
      ? seedText(released[kind][measure], digits)
      : words[language].same;
    return [
      names[kind][language],
      measures[measure][language],
      seedText(ours, digits),
      seedText(theirs, digits),
      asReleased,
    ];
  });
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const nats = (a: number, b: number) => Math.abs(a - b).toFixed(2);
const [few, many] = faults.iwae;
const { ema, betaTc, squaredError, miwae, piwae, factorVae, likelihood } = faults;
const thousands = (value: number) => Math.round(value).toLocaleString("en-US");
const asked = likelihood.map(({ asked }) => asked).join(", ");
const taken = likelihood.map(({ taken }) => taken).join(", ");

const faultRows: readonly Bilingual<readonly string[]>[] = [
  {
    en: [
      "MIWAE normalizes the weights of the draws over the groups, where Rainforth et al. (2018) normalize within each group",
      `with ${groups} draws, the encoder's gradient is off by ${percent(miwae.gradientError)} of its size; with the two numbers exchanged, by ${miwae.gradientErrorSwapped.toExponential(0)}`,
      "`iwaeLoss(model, { groups })`",
    ],
    zh: [
      "MIWAE 在组与组之间归一化抽样的权重，而 Rainforth 等（2018）在每组之内归一化",
      `${groups} 次抽样时，编码器梯度的误差为其大小的 ${percent(miwae.gradientError)}；把这两个数对调，误差为 ${miwae.gradientErrorSwapped.toExponential(0)}`,
      "`iwaeLoss(model, { groups })`",
    ],
  },
  {
    en: [
      "PIWAE does the same, and its trainer adds the gradient of the decoder's loss to the encoder's",
      `the encoder's gradient differs by ${percent(piwae.leak)} from that of the encoder's loss, and is the sum of both`,
      '`iwaeLoss(model, { groups, gradient: "grouped" })`',
    ],
    zh: [
      "PIWAE 也是如此，而且它的训练器把解码器损失的梯度加到编码器上",
      `编码器的梯度与编码器损失的梯度相差 ${percent(piwae.leak)}，恰为两者之和`,
      '`iwaeLoss(model, { groups, gradient: "grouped" })`',
    ],
  },
  {
    en: [
      "FactorVAE's discriminator loss is not cut off from z, so its gradient reaches the encoder and works against the total correlation term",
      `after ${thousands(settings.steps)} steps it is ${percent(factorVae.leak)} of the encoder's gradient`,
      "`factorVaeLoss`: the discriminator's term trains its own weights alone",
    ],
    zh: [
      "FactorVAE 的判别器损失没有与 z 断开，其梯度传到编码器，抵消总相关项",
      `${thousands(settings.steps)} 步之后，它占编码器梯度的 ${percent(factorVae.leak)}`,
      "`factorVaeLoss`：判别器一项只训练判别器自己的权重",
    ],
  },
  {
    en: [
      "beta-TC's stratified weights fill columns: 1 / N stands in the first column, not on the diagonal",
      `of ${betaTc.items} items, ${betaTc.ownItems} has the weight of its own posterior; the total correlation is ${betaTc.totalCorrelation.toFixed(2)} nats in place of ${betaTc.right.toFixed(2)}`,
      '`betaTcLoss(model, { sampling: "stratified" })`',
    ],
    zh: [
      "beta-TC 的分层权重填在列上：1 / N 位于第一列，而不在对角线上",
      `${betaTc.items} 个样本中只有 ${betaTc.ownItems} 个得到自身后验的权重；总相关为 ${betaTc.totalCorrelation.toFixed(2)} 奈特，应为 ${betaTc.right.toFixed(2)} 奈特`,
      '`betaTcLoss(model, { sampling: "stratified" })`',
    ],
  },
  {
    en: [
      "The loss that IWAE and CIWAE report is the mean of log w under the normalized weights. Its gradient is right, its value is not the bound",
      `too good by ${nats(few.reported, few.right)} nats at K = ${few.samples}, by ${nats(many.reported, many.right)} at K = ${many.samples}`,
      "`bound` of `iwaeLoss` is the bound of all draws",
    ],
    zh: [
      "IWAE 与 CIWAE 报告的损失是 log w 按归一化权重的加权平均：梯度正确，数值却不是下界",
      `K = ${few.samples} 时偏好 ${nats(few.reported, few.right)} 奈特，K = ${many.samples} 时偏好 ${nats(many.reported, many.right)} 奈特`,
      "`iwaeLoss` 的 `bound` 就是全部抽样的下界",
    ],
  },
  {
    en: [
      "The squared error (`mse`, the default) lacks D/2 log(2 pi), which `get_nll` has",
      `${nats(squaredError.reported, squaredError.right)} nats for 64 values`,
      "`{ sigma: 1 }` is a whole Gaussian",
    ],
    zh: [
      "平方误差（`mse`，默认值）缺少 D/2 log(2 pi)，而 `get_nll` 中有这一项",
      `64 个值相差 ${nats(squaredError.reported, squaredError.right)} 奈特`,
      "`{ sigma: 1 }` 是完整的高斯分布",
    ],
  },
  {
    en: [
      "EMA codebooks start with random sums and counts of 0, so the first step multiplies what is random",
      `for a code that one vector chose by ${Math.round(ema.factorOfFewest)}; for a code that none chose by ${thousands(ema.factorOfUnused)}, to ${thousands(ema.largestCode)}, where the largest vector is ${ema.largestVector.toFixed(1)}`,
      "`vectorQuantizer({ decay })`: counts start at 1, and a code that no vector chooses stays",
    ],
    zh: [
      "EMA 码本的累计和从随机数开始，计数却从 0 开始，因此第一步会放大这些随机数",
      `只被一个向量选中的码放大 ${Math.round(ema.factorOfFewest)} 倍；未被选中的码放大 ${thousands(ema.factorOfUnused)} 倍，达到 ${thousands(ema.largestCode)}，而最大的向量只有 ${ema.largestVector.toFixed(1)}`,
      "`vectorQuantizer({ decay })`：计数从 1 开始，未被选中的码保持不变",
    ],
  },
  {
    en: [
      "`get_nll` takes whole batches of 100 draws, whatever is asked",
      `asked for ${asked}, it takes ${taken}`,
      "`logLikelihood({ samples })` takes as many as you ask for",
    ],
    zh: [
      "无论要求多少，`get_nll` 都按每批 100 次整批抽样",
      `要求 ${asked} 次，实际抽样 ${taken} 次`,
      "`logLikelihood({ samples })` 要求多少就抽多少",
    ],
  },
];

/** The parts of the page in a language. */
export function pythaeParts(language: Language): Record<string, string> {
  const { bounds, faults } = words[language];
  return {
    bounds: markdownTable(bounds, boundRows(language)),
    faults: markdownTable(
      faults,
      faultRows.map((row) => row[language]),
    ),
  };
}
