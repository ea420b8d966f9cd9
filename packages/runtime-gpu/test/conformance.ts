import { arrange } from "./conformance/arrange.ts";
import type { Case } from "./conformance/case.ts";
import { elementwise } from "./conformance/elementwise.ts";
import { graphs } from "./conformance/graphs.ts";
import { lifetimes } from "./conformance/lifetimes.ts";
import { products } from "./conformance/products.ts";

export type { Case, Limits } from "./conformance/case.ts";

/** What every backend must do. Each case needs a backend that holds no tensors. */
export const conformance: readonly Case[] = [
  ...elementwise,
  ...arrange,
  ...products,
  ...graphs,
  ...lifetimes,
];
