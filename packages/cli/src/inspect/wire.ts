import { GenError } from "@gen/math";

/** A field of a protobuf message: a number, or the bytes of a text, a message or packed numbers. */
export interface Field {
  readonly id: number;
  /** 0 where the field has bytes. */
  readonly number: bigint;
  /** Empty where the field is a number. */
  readonly bytes: Uint8Array;
}

const none = new Uint8Array(0);
const absent: Field = { id: 0, number: 0n, bytes: none };

/**
 * The fields of a protobuf message in their order, and look-ups by number. Their bytes are views:
 * the weights of a model are not read.
 * @throws GenError `invalid-model` when the bytes are no such message.
 */
export function message({ bytes }: Pick<Field, "bytes">) {
  const all = [...fieldsIn(bytes)];
  return {
    all,
    /** All fields with the number `id`. */
    list: (id: number) => all.filter((field) => field.id === id),
    /** The last field with the number `id`, which is the valid one, or an empty field. */
    last: (id: number) => all.findLast((field) => field.id === id) ?? absent,
  };
}

function* fieldsIn(message: Uint8Array): Generator<Field> {
  const at = { place: 0 };
  while (at.place < message.length) {
    const tag = Number(varint(message, at));
    const [id, kind] = [Math.floor(tag / 8), tag % 8];
    if (id === 0) throw damaged("a field has the number 0");
    if (kind === 0) {
      yield { id, number: varint(message, at), bytes: none };
      continue;
    }
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? Number(varint(message, at)) : -1;
    if (length < 0) throw damaged(`field ${id} is of the unknown kind ${kind}`);
    if (length > message.length - at.place) throw damaged("it ends too early");
    yield { id, number: 0n, bytes: message.subarray(at.place, at.place + length) };
    at.place += length;
  }
}

/** The numbers of a repeated field, which may be packed. */
export function numbers({ number, bytes }: Field): number[] {
  if (bytes.length === 0) return [Number(number)];
  const found: number[] = [];
  for (const at = { place: 0 }; at.place < bytes.length; ) found.push(Number(varint(bytes, at)));
  return found;
}

/** A field's bytes as text: one line of at most 200 characters. */
export function text({ bytes }: Field): string {
  const start = new TextDecoder().decode(bytes.subarray(0, 1024));
  const line = start.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}

function varint(bytes: Uint8Array, at: { place: number }): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (at.place >= bytes.length) throw damaged("it ends too early");
    const byte = bytes[at.place++];
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asIntN(64, value);
  }
  throw damaged("a number is longer than 10 bytes");
}

/** The error for a file that is no ONNX model. */
export const invalidModel = (problem: string) => new GenError("invalid-model", problem);

const damaged = (reason: string) => invalidModel(`not an ONNX model, or a damaged one (${reason})`);
