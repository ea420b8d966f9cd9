/* Instructions that both parts of a module of loops need (WebAssembly core specification 2.0, 5.4). */
import type { Lanes } from "./lane-operations.ts";
import { type Code, signed, unsigned } from "./wasm-module.ts";

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const ADD = 0x6a;
// Alignment hints of 4 bytes, no offset.
export const loadCode = (lanes: Lanes): Code => (lanes === 1 ? [0x2a, 2, 0] : [0xfd, 0x00, 2, 0]);
export const storeCode = (lanes: Lanes): Code => (lanes === 1 ? [0x38, 2, 0] : [0xfd, 0x0b, 2, 0]);
export const LOAD_F64: Code = [0x2b, 3, 0];
export const STORE_F64: Code = [0x39, 3, 0];
export const PROMOTE = 0xbb;
export const DEMOTE = 0xb6;
export const ADD_F64 = 0xa0;
export const MULTIPLY_F64 = 0xa2;
export const MAX_F64 = 0xa5;
/** A float64. */
export const float64 = (value: number): Code => [
  0x44,
  ...new Uint8Array(Float64Array.of(value).buffer),
];
/** A number of the type that it has on the stack, from and to memory. */
export const loadNumber = (isTruth: boolean): Code => (isTruth ? [0x28, 2, 0] : loadCode(1));
export const storeNumber = (isTruth: boolean): Code => (isTruth ? [0x36, 2, 0] : storeCode(1));
