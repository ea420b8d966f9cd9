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

type Scalar = keyof typeof scalars;

/**
 * How one field is written: its number, what it is, and whether there are many of it, each with a tag of its own
 * (`list`) or all in a row (`packed`). An `optional` one that is absent is undefined, not zero.
 */
type Given = readonly [
  number: number,
  kind: Scalar | Message,
  many?: "list" | "packed" | "optional",
];

interface Field {
  readonly name: string;
  readonly number: number;
  /** One of the two. */
  readonly scalar: Scalar | undefined;
  readonly message: Message | undefined;
  readonly wire: WireType;
  readonly list: boolean;
  readonly packed: boolean;
}

type Values = Record<string, unknown>;

/** A kind of message. */
export interface Message {
  /** By their numbers, which is the order that they are written in. */
  readonly fields: ReadonlyMap<number, Field>;
  /** What fields are that a message does not have. */
  readonly absent: Values;
}

export function message(given: Readonly<Record<string, Given>>): Message {
  const fields = new Map<number, Field>();
  const absent: Values = {};
  for (const [name, [number, kind, many]] of Object.entries(given)) {
    const list = many === "list" || many === "packed";
    const [scalar, inner] = typeof kind === "string" ? [kind, undefined] : [undefined, kind];
    const wire = scalar ? scalars[scalar].wire : WireType.LengthDelimited;
    fields.set(number, {
      name,
      number,
      scalar,
      message: inner,
      wire,
      list,
      packed: many === "packed",
    });
    if (list) absent[name] = Object.freeze([]);
    else if (scalar && !many) absent[name] = scalars[scalar].zero;
  }
  return { fields, absent };
}

/** A message that has `values`, and what it has not from its prototype. */
export const filled = <V extends object>({ absent }: Message, values: Partial<V>): V =>
  Object.assign(Object.create(absent), values);

/**
 * Reads a message: what it has are its own properties, what it may have those of its prototype.
 * @throws Error when the bytes are none of it.
 */
export function decode<V extends object>(type: Message, bytes: Uint8Array): V {
  const reader = new BinaryReader(bytes);
  return read(type, reader, reader.len) as V;
}

function read(type: Message, reader: BinaryReader, end: number): Values {
  const made = filled<Values>(type, {});
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = type.fields.get(number);
    // Lists may come either way.
    const row = field?.list && wire === WireType.LengthDelimited && wire !== field.wire;
    if (!field || !(row || wire === field.wire)) {
      reader.skip(wire, number);
      continue;
    }
    const { name } = field;
    if (!field.list) {
      made[name] = one(field, reader);
      continue;
    }
    if (!Object.hasOwn(made, name)) made[name] = [];
    const list = made[name] as unknown[];
    if (!row) {
      list.push(one(field, reader));
      continue;
    }
    const last = endOf(reader);
    while (reader.pos < last) list.push(one(field, reader));
    if (reader.pos !== last) throw new RangeError(`${name} does not end where it says`);
  }
  if (reader.pos !== end) throw new RangeError("a message does not end where it says");
  return made;
}

const one = ({ scalar, message }: Field, reader: BinaryReader): unknown =>
  scalar ? reader[scalar]() : read(message as Message, reader, endOf(reader));

function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

/** The bytes of a message: its own properties in the order of their fields' numbers. */
export const encode = (type: Message, values: object): Uint8Array<ArrayBuffer> =>
  write(type, values as Values, new BinaryWriter()).finish();

function write({ fields }: Message, values: Values, writer: BinaryWriter): BinaryWriter {
  for (const { name, number, scalar, message, wire, list, packed } of fields.values()) {
    if (!Object.hasOwn(values, name)) continue;
    const value = values[name];
    if (value === undefined) continue;
    const all = list ? (value as readonly unknown[]) : [value];
    const row = packed && all.length > 0;
    if (row) writer.tag(number, WireType.LengthDelimited).fork();
    for (const each of all) {
      if (!row) writer.tag(number, wire);
      if (scalar) writer[scalar](each as never);
      else write(message as Message, each as Values, writer.fork()).join();
    }
    if (row) writer.join();
  }
  return writer;
}
