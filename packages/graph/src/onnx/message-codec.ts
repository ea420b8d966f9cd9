import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** What Protocol Buffers have of numbers, texts and bytes, and how it goes over the wire. */
const scalars = {
  int32: { wire: WireType.Varint, zero: 0 },
  int64: { wire: WireType.Varint, zero: 0n },
  uint64: { wire: WireType.Varint, zero: 0n },
  float: { wire: WireType.Bit32, zero: 0 },
  double: { wire: WireType.Bit64, zero: 0 },
  string: { wire: WireType.LengthDelimited, zero: "" },
  bytes: { wire: WireType.LengthDelimited, zero: new Uint8Array() },
} as const;

/**
 * How one field is written: its number, what it is, and whether there are many of it, each with a tag of its own
 * (`list`) or all in a row (`packed`). An `optional` one that is absent is undefined, not zero.
 */
type Field = readonly [
  number: number,
  kind: keyof typeof scalars | Message,
  many?: "list" | "packed" | "optional",
];

const isMany = ([, , many]: Field): boolean => many === "list" || many === "packed";
const wireOf = ([, kind]: Field): WireType =>
  typeof kind === "string" ? scalars[kind].wire : WireType.LengthDelimited;

type Values = Record<string, unknown>;

/** The fields of a kind of message, by name. */
export interface Message {
  readonly fields: readonly (readonly [name: string, field: Field])[];
  readonly byNumber: ReadonlyMap<number, readonly [name: string, field: Field]>;
  /** What fields are that a message does not have. */
  readonly absent: Values;
}

export function message(given: Readonly<Record<string, Field>>): Message {
  const fields = Object.entries(given).sort(([, [a]], [, [b]]) => a - b);
  const absent: Values = {};
  for (const [name, field] of fields) {
    const [, kind, many] = field;
    if (isMany(field)) absent[name] = Object.freeze([]);
    else if (typeof kind === "string" && !many) absent[name] = scalars[kind].zero;
  }
  return { fields, byNumber: new Map(fields.map((each) => [each[1][0], each])), absent };
}

/** A message that has `values`, and what it has not from its prototype. */
export const filled = <V extends object>({ absent }: Message, values: Partial<V>): V =>
  Object.assign(Object.create(absent), values);

/**
 * Reads a message: what it has are its own properties, what it may have those of its prototype.
 * @throws Error when the bytes are none of it.
 */
export function decode<V extends object>(type: Message, bytes: Uint8Array): V {
  const made = filled<Values>(type, {});
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const [name, field] = type.byNumber.get(number) ?? [];
    const packed =
      field && isMany(field) && wire === WireType.LengthDelimited && wire !== wireOf(field);
    if (!name || !field || !(packed || wire === wireOf(field))) {
      reader.skip(wire, number);
      continue;
    }
    const [, kind] = field;
    const take = () => (typeof kind === "string" ? reader[kind]() : decode(kind, reader.bytes()));
    if (!isMany(field)) {
      made[name] = take();
      continue;
    }
    if (!Object.hasOwn(made, name)) made[name] = [];
    const list = made[name] as unknown[];
    const end = packed ? reader.uint32() + reader.pos : 0;
    if (packed) while (reader.pos < end) list.push(take());
    else list.push(take());
    if (packed && reader.pos !== end) throw new RangeError(`${name} does not end where it says`);
  }
  return made as V;
}

/** The bytes of a message: its own properties in the order of their fields' numbers. */
export const encode = (type: Message, values: object): Uint8Array<ArrayBuffer> =>
  write(type, values as Values, new BinaryWriter()).finish();

function write({ fields }: Message, values: Values, writer: BinaryWriter): BinaryWriter {
  for (const [name, field] of fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) continue;
    const [number, kind, many] = field;
    const all = isMany(field) ? (value as readonly unknown[]) : [value];
    const packed = many === "packed" && all.length > 0;
    if (packed) writer.tag(number, WireType.LengthDelimited).fork();
    for (const each of all) {
      if (!packed) writer.tag(number, wireOf(field));
      if (typeof kind === "string") writer[kind](each as never);
      else write(kind, each as Values, writer.fork()).join();
    }
    if (packed) writer.join();
  }
  return writer;
}
