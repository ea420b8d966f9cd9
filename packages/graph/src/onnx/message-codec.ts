import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** The scalar types of Protocol Buffers that ONNX uses: how each is encoded, and its default. */
const scalars = {
  int32: { wire: WireType.Varint, zero: 0 as number },
  int64: { wire: WireType.Varint, zero: 0n as bigint },
  uint64: { wire: WireType.Varint, zero: 0n as bigint },
  float: { wire: WireType.Bit32, zero: 0 as number },
  double: { wire: WireType.Bit64, zero: 0 as number },
  string: { wire: WireType.LengthDelimited, zero: "" as string },
  bytes: { wire: WireType.LengthDelimited, zero: new Uint8Array() },
} as const;

type Scalar = keyof typeof scalars;

/**
 * A field's number, its type, and how often it occurs: many times with a tag each (`list`), many
 * times behind one tag (`packed`), or at most once. An absent `optional` field is undefined.
 */
type FieldSpec = readonly [number: number, kind: Scalar | Message, occurs?: Occurrence];
type Occurrence = "list" | "packed" | "optional";
type FieldSpecs = Readonly<Record<string, FieldSpec>>;

interface Field {
  readonly name: string;
  readonly kind: Scalar | Message;
  readonly wire: WireType;
  readonly list: boolean;
  readonly packed: boolean;
}

type Values = Record<string, unknown>;

/** A message type; `V` is the type of its values. */
export interface Message<V = unknown> {
  /** By number, in the order in which fields are written. */
  readonly fields: ReadonlyMap<number, Field>;
  /** The values of absent fields. */
  readonly absent: Partial<V>;
}

type One<K> = K extends Scalar ? (typeof scalars)[K]["zero"] : ValueOf<K>;
type FieldValue<F extends FieldSpec> = F[2] extends "list" | "packed"
  ? readonly One<F[1]>[]
  : One<F[1]>;
type OptionalName<S extends FieldSpecs> = {
  [N in keyof S]: S[N][2] extends "optional" ? N : never;
}[keyof S];
type ValuesOf<S extends FieldSpecs> = {
  -readonly [N in Exclude<keyof S, OptionalName<S>>]: FieldValue<S[N]>;
} & { -readonly [N in OptionalName<S>]?: FieldValue<S[N]> };

/** The type of a message's values. */
export type ValueOf<M> = M extends Message<infer V> ? V : never;

export function message<const S extends FieldSpecs>(spec: S): Message<ValuesOf<S>> {
  const fields = new Map<number, Field>();
  const absent: Values = {};
  for (const [name, [number, kind, occurs]] of Object.entries<FieldSpec>(spec)) {
    const packed = occurs === "packed";
    const list = packed || occurs === "list";
    const wire = typeof kind === "string" ? scalars[kind].wire : WireType.LengthDelimited;
    fields.set(number, { name, kind, wire, list, packed });
    if (list) absent[name] = Object.freeze([]);
    else if (typeof kind === "string" && !occurs) absent[name] = scalars[kind].zero;
  }
  return { fields, absent: absent as Partial<ValuesOf<S>> };
}

/** A message with `values`; its prototype holds the absent fields. */
export const filled = <V>({ absent }: Message<V>, values: Partial<V>): V =>
  Object.assign(Object.create(absent), values);

/**
 * Reads a message. Fields of the file are own properties, absent ones come from the prototype.
 * @throws Error when the bytes are no such message.
 */
export function decode<V>(type: Message<V>, bytes: Uint8Array): V {
  const reader = new BinaryReader(bytes);
  return read(type, reader, reader.len) as V;
}

function read(type: Message, reader: BinaryReader, end: number): Values {
  const values = filled(type as Message<Values>, {});
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = type.fields.get(number);
    // A list may come packed or not, whatever its declaration says.
    const packed = field?.list && wire === WireType.LengthDelimited && wire !== field.wire;
    if (!field || !(packed || wire === field.wire)) {
      reader.skip(wire, number);
      continue;
    }
    const { name } = field;
    if (!field.list) {
      values[name] = readOne(field, reader);
      continue;
    }
    if (!Object.hasOwn(values, name)) values[name] = [];
    const list = values[name] as unknown[];
    if (!packed) {
      list.push(readOne(field, reader));
      continue;
    }
    const last = endOf(reader);
    while (reader.pos < last) list.push(readOne(field, reader));
    if (reader.pos !== last) throw new RangeError(`${name} does not end where it says`);
  }
  if (reader.pos !== end) throw new RangeError("a message does not end where it says");
  return values;
}

const readOne = ({ kind }: Field, reader: BinaryReader): unknown =>
  typeof kind === "string" ? reader[kind]() : read(kind, reader, endOf(reader));

function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  return reader.pos + length;
}

/** The bytes of a message: its own properties in the order of their fields' numbers. */
export const encode = (type: Message, values: object): Uint8Array<ArrayBuffer> =>
  write(type, values as Values, new BinaryWriter()).finish();

function write({ fields }: Message, values: Values, writer: BinaryWriter): BinaryWriter {
  for (const [number, { name, kind, wire, list, packed: packs }] of fields) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) continue;
    const all = list ? (value as readonly unknown[]) : [value];
    const packed = packs && all.length > 0;
    if (packed) writer.tag(number, WireType.LengthDelimited).fork();
    for (const each of all) {
      if (!packed) writer.tag(number, wire);
      if (typeof kind === "string") writer[kind](each as never);
      else write(kind, each as Values, writer.fork()).join();
    }
    if (packed) writer.join();
  }
  return writer;
}
