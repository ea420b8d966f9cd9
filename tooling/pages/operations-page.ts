/*
 * The page "Operations by backend", made from the tables that the compiler and the backends read:
 * the operations, their kernels and gradients, our own loops, and what each backend says of itself.
 */

import type { Expr } from "../../packages/graph/src/expr/expr.ts";
import { input } from "../../packages/graph/src/expr/expr.ts";
import { computedOps, isElementwiseOp } from "../../packages/graph/src/expr/operations.ts";
import { hasLoop } from "../../packages/graph/src/loops/split-loops.ts";
import { arrangeKernels } from "../../packages/graph/src/ops/arrange/kernel.ts";
import { elementwiseRules } from "../../packages/graph/src/ops/elementwise/gradient.ts";
import { elementwiseKernels } from "../../packages/graph/src/ops/elementwise/kernel.ts";
import { normalizeKernels } from "../../packages/graph/src/ops/normalize/kernel.ts";
import { productKernels } from "../../packages/graph/src/ops/products/kernel.ts";
import { reduceKernels } from "../../packages/graph/src/ops/reduce/kernel.ts";
import { backendKinds, type Holding } from "../../packages/runtime-gpu/src/backend-kinds.ts";
import { kernels as tfjsKernels } from "../../packages/runtime-gpu/src/tfjs/kernels.ts";
import { type Bilingual, type Language, markdownTable } from "./written-parts.ts";

/** The CPU's kernels by group, in the order of the folders under `ops`. */
const groups: readonly { readonly title: Bilingual; readonly kernels: object }[] = [
  { title: { en: "each element by itself", zh: "逐元素" }, kernels: elementwiseKernels },
  { title: { en: "arranging", zh: "排列" }, kernels: arrangeKernels },
  { title: { en: "reductions", zh: "归约" }, kernels: reduceKernels },
  { title: { en: "products", zh: "乘积" }, kernels: productKernels },
  { title: { en: "normalization", zh: "归一化" }, kernels: normalizeKernels },
];

/** Each operation of graphs, by the tables of those who compute it. */
export const operationTables = {
  graph: computedOps(),
  cpu: groups.flatMap(({ kernels }) => Object.keys(kernels)),
  tfjs: Object.keys(tfjsKernels),
};

const words = {
  en: {
    backends: ["backend", "runs in", "foreign"],
    operations: ["operation", "kind", "gradient", "loops of our own", "leaves a WebGPU device"],
    runsIn: { node: "Node", page: "a page", both: "both" },
    holding: { own: "yes", host: "on the CPU", none: "no" },
    as: (dtype: string) => `as ${dtype}`,
    withF16: (one: string, other: string) => `${one}; ${other} without shader-f16`,
    yes: "yes",
    no: "no",
    zero: "zero",
    onHost: (dtypes: readonly string[]) => `for ${dtypes.join(", ")}`,
    never: "–",
  },
  zh: {
    backends: ["后端", "运行于", "外来算子"],
    operations: ["算子", "类别", "梯度", "自有循环", "离开 WebGPU 设备"],
    runsIn: { node: "Node", page: "页面", both: "两者" },
    holding: { own: "是", host: "在 CPU 上", none: "否" },
    as: (dtype: string) => `用 ${dtype}`,
    withF16: (one: string, other: string) => `${one}；没有 shader-f16 时：${other}`,
    yes: "有",
    no: "无",
    zero: "零",
    onHost: (dtypes: readonly string[]) => `${dtypes.join("、")} 时`,
    never: "–",
  },
} as const satisfies Record<Language, object>;

const dtypes = ["float32", "float16", "float64", "int32", "int64", "bool"] as const;

/** The dtypes that some backend does not hold as they are; the page names the others. */
export const convertedDTypes = dtypes.filter((dtype) =>
  backendKinds.some((kind) => kind.dtypes([])[dtype] !== "own"),
);

function backendTable(language: Language): string {
  const { backends, runsIn, holding, as, withF16, yes, no } = words[language];
  const text = (kind: Holding) =>
    kind === "own" || kind === "host" || kind === "none" ? holding[kind] : as(kind);
  const rows = backendKinds.map((kind) => {
    const [plain, half] = [kind.dtypes([]), kind.dtypes(["shader-f16"])];
    const cells = convertedDTypes.map((dtype) =>
      plain[dtype] === half[dtype]
        ? text(half[dtype])
        : withF16(text(half[dtype]), text(plain[dtype])),
    );
    return [`\`${kind.name}\``, runsIn[kind.runsIn], ...cells, kind.foreign ? yes : no];
  });
  const [name, where, foreign] = backends;
  return markdownTable([name, where, ...convertedDTypes, foreign], rows);
}

/** Whether an operation has a gradient: not where its value does not change around a point. */
export function hasGradient(op: string): boolean {
  if (!isElementwiseOp(op)) return true;
  const x = input("x", { shape: [2] });
  const node = { op, dtype: "float32", shape: [2], inputs: [x, x, x], attributes: {} };
  return elementwiseRules[op](x, node as never).some((part) => part !== undefined);
}

function isInLoops(op: string): boolean {
  const x = input("x", { shape: [2] });
  const node = { op, dtype: op === "Cast" ? "bool" : "float32", shape: [2], inputs: [x, x, x] };
  return hasLoop(node as unknown as Expr);
}

function operationTable(language: Language): string {
  const { operations, yes, no, zero, onHost, never } = words[language];
  const webgpu = backendKinds.find(({ name }) => name === "onnx/webgpu");
  const rows = groups.flatMap(({ title, kernels }) =>
    Object.keys(kernels).map((op) => {
      const leaves = webgpu?.onHost[op];
      return [
        `\`${op}\``,
        title[language],
        hasGradient(op) ? yes : zero,
        isInLoops(op) ? yes : no,
        leaves ? onHost(leaves) : never,
      ];
    }),
  );
  return markdownTable(operations, rows);
}

/** The parts of the page in a language. */
export const operationsParts = (language: Language): Record<string, string> => ({
  backends: backendTable(language),
  operations: operationTable(language),
});
