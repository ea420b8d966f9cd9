import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  MAX_GROUP_DEPTH,
  MAX_LISTED,
  MAX_MESSAGES,
  MAX_NAME_BYTES,
  MAX_RECORD_BYTES,
} from "./limits.ts";

/**
 * The scalar types of Protocol Buffers that ONNX uses: how each is encoded, its default, and the
 * bytes of memory that an element of a list takes while a file is read.
 *
 * @internal
 */
const scalars = {
  int32: { wire: WireType.Varint, zero: 0 as number, memory: 10 },
  int64: { wire: WireType.Varint, zero: 0n as bigint, memory: 40 },
  uint64: { wire: WireType.Varint, zero: 0n as bigint, memory: 40 },
  float: { wire: WireType.Bit32, zero: 0 as number, memory: 10 },
  double: { wire: WireType.Bit64, zero: 0 as number, memory: 10 },
  string: { wire: WireType.LengthDelimited, zero: "" as string, memory: 24 },
  bytes: { wire: WireType.LengthDelimited, zero: new Uint8Array(), memory: 120 },
} as const;

/** The bytes of memory of a message, where its type does not say. */
const MESSAGE_MEMORY = 96;

/** The bytes of memory of an element beyond its own in a list that grows. */
const GROWTH_MEMORY = 16;

/** The longest array that can be made at once and is still fast. */
const LONGEST_ARRAY = 2 ** 25;

/** @internal */
type Scalar = keyof typeof scalars;

const compact: readonly Scalar[] = ["int32", "float", "double"];

/**
 * A field's number, its type, and how often it occurs: many times with a tag each (`list`), many
 * times behind one tag (`packed`), or at most once. An absent `optional` field is undefined.
 *
 * @internal
 */
type FieldSpec = readonly [number: number, kind: Scalar | Message, occurs?: Occurrence];
/** @internal */
type Occurrence = "list" | "packed" | "optional";
/** @internal */
type FieldSpecs = Readonly<Record<string, FieldSpec>>;

/** @internal */
interface Field {
  readonly name: string;
  readonly kind: Scalar | Message;
  readonly wire: WireType;
  readonly list: boolean;
  readonly packed: boolean;
  /** Whether an element takes much more memory than its bytes in the file. */
  readonly takesMore: boolean;
  /** The memory that an element takes beside that of its own message. */
  readonly memory: number;
}

type Values = Record<string, unknown>;

/** A message type; `V` is the type of its values. @internal */
export interface Message<V = unknown> {
  /** By number, in the order in which fields are written. */
  readonly fields: ReadonlyMap<number, Field>;
  /** The values of absent fields. */
  readonly absent: Partial<V>;
  readonly traits: Traits;
}

/** @internal */
interface Traits {
  /** The memory in bytes that a message and what is made from it take while a file is read. */
  readonly memory?: number;
  /** The most messages of this type in a file. */
  readonly most?: number;
  /** What the messages are, in errors. */
  readonly what?: string;
}

/** @internal */
type One<K> = K extends Scalar ? (typeof scalars)[K]["zero"] : ValueOf<K>;
/** @internal */
type FieldValue<F extends FieldSpec> = F[2] extends "list" | "packed"
  ? readonly One<F[1]>[]
  : One<F[1]>;
/** @internal */
type OptionalName<S extends FieldSpecs> = {
  [N in keyof S]: S[N][2] extends "optional" ? N : never;
}[keyof S];
/** @internal */
type ValuesOf<S extends FieldSpecs> = {
  -readonly [N in Exclude<keyof S, OptionalName<S>>]: FieldValue<S[N]>;
} & { -readonly [N in OptionalName<S>]?: FieldValue<S[N]> };

/** The type of a message's values. @internal */
export type ValueOf<M> = M extends Message<infer V> ? V : never;

export function message<const S extends FieldSpecs>(
  spec: S,
  traits: Traits = {},
): Message<ValuesOf<S>> {
  const fields = new Map<number, Field>();
  const absent: Values = {};
  for (const [name, [number, kind, occurs]] of Object.entries<FieldSpec>(spec)) {
    const packed = occurs === "packed";
    const list = packed || occurs === "list";
    const wire = typeof kind === "string" ? scalars[kind].wire : WireType.LengthDelimited;
    const takesMore = typeof kind === "string" && !compact.includes(kind);
    const memory = typeof kind === "string" ? scalars[kind].memory : 0;
    fields.set(number, { name, kind, wire, list, packed, takesMore, memory });
    if (list) absent[name] = Object.freeze([]);
    else if (typeof kind === "string" && !occurs) absent[name] = scalars[kind].zero;
  }
  return { fields, absent: absent as Partial<ValuesOf<S>>, traits };
}

/** A message with `values`; its prototype holds the absent fields. */
export const filled = <V>({ absent }: Message<V>, values: Partial<V>): V =>
  Object.assign(Object.create(absent), values);

/** A message with other values. A copy of its own fields alone would lack those that are absent. */
export const changed = <V extends object>(message: V, values: Partial<V>): V =>
  Object.assign(Object.create(Object.getPrototypeOf(message)), message, values);

/** What is counted over all messages of a file. */
export interface Counts {
  messages: number;
  listed: number;
  /** The memory in bytes that the file may still take. */
  memory: number;
  readonly of: Map<Message, number>;
}

/** Counts of a new file of so many bytes. */
export const newCounts = (bytes: number): Counts => ({
  messages: 0,
  listed: 0,
  memory: 10 * bytes + MAX_RECORD_BYTES,
  of: new Map(),
});

/** What is wrong with a file that takes too much memory. */
export const TOO_MUCH_MEMORY = `the model's parts are so many and so small that they take more memory than 10 times the file and ${MAX_RECORD_BYTES} bytes; simplify the model when it is exported`;

/** Counts memory in bytes. @throws RangeError when the file takes too much. */
export function takeMemory(counts: Counts, bytes: number): void {
  counts.memory -= bytes;
  if (counts.memory < 0) throw new RangeError(TOO_MUCH_MEMORY);
}

class MessageReader {
  readonly bytes: Uint8Array;
  readonly reader: BinaryReader;
  readonly counts: Counts;

  constructor(bytes: Uint8Array, counts: Counts) {
    this.bytes = bytes;
    this.reader = new BinaryReader(bytes);
    this.counts = counts;
  }

  read(type: Message, end: number): Values {
    this.count(type);
    const { reader } = this;
    const values = filled(type as Message<Values>, {});
    const grown: string[] = [];
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      const field = type.fields.get(number);
      // A list may come packed or not, whatever its declaration says.
      const packed = field?.list && wire === WireType.LengthDelimited && wire !== field.wire;
      if (!field || !(packed || wire === field.wire)) {
        reader.skip(wire, number, MAX_GROUP_DEPTH);
        continue;
      }
      const { name } = field;
      if (!field.list) {
        values[name] = this.readOne(field, end);
        continue;
      }
      if (!Object.hasOwn(values, name)) values[name] = [];
      const list = values[name] as unknown[];
      if (packed) this.pushPacked(list, field, end);
      else {
        if (list.length === 0) grown.push(name);
        takeMemory(this.counts, GROWTH_MEMORY);
        list.push(this.element(field, end));
      }
    }
    if (reader.pos !== end) throw new RangeError("a message does not end where it says");
    // The first element of a list makes room for 16 more; a copy has no such room.
    for (const name of grown) values[name] = (values[name] as unknown[]).slice();
    return values;
  }

  /** Pushes the elements of a packed list. A new list gets its length first, and is not copied. */
  pushPacked(list: unknown[], field: Field, end: number): void {
    const { reader } = this;
    const last = this.endWithin(end);
    const length = this.packedLength(field, last);
    let at = list.length;
    if (at === 0 && length <= LONGEST_ARRAY) list.length = length;
    else takeMemory(this.counts, GROWTH_MEMORY * length);
    while (reader.pos < last) list[at++] = this.element(field, last);
    if (reader.pos !== last) throw new RangeError(`${field.name} does not end where it says`);
  }

  /** The number of elements of a packed list that ends at `last`. */
  packedLength({ wire }: Field, last: number): number {
    const { bytes } = this;
    const { pos } = this.reader;
    if (wire !== WireType.Varint)
      return Math.ceil((last - pos) / (wire === WireType.Bit64 ? 8 : 4));
    let length = 0;
    for (let i = pos; i < last; i++) if (bytes[i] < 128) length++;
    return length;
  }

  count(type: Message): void {
    const { counts } = this;
    const { memory = MESSAGE_MEMORY, most, what } = type.traits;
    takeMemory(counts, memory);
    if (++counts.messages > MAX_MESSAGES) {
      throw new RangeError(`more than ${MAX_MESSAGES} messages`);
    }
    if (most === undefined) return;
    const n = (counts.of.get(type) ?? 0) + 1;
    counts.of.set(type, n);
    if (n > most) throw new RangeError(`more than ${most} ${what}`);
  }

  /** An element of a list. */
  element(field: Field, end: number): unknown {
    // Floats take no more than twice their bytes in memory.
    if (field.takesMore && ++this.counts.listed > MAX_LISTED) {
      throw new RangeError(`more than ${MAX_LISTED} numbers and texts in lists`);
    }
    takeMemory(this.counts, field.memory);
    return this.readOne(field, end);
  }

  readOne({ kind, name }: Field, end: number): unknown {
    const { reader } = this;
    if (typeof kind !== "string") return this.read(kind, this.endWithin(end));
    if (kind === "string") {
      const start = reader.pos;
      const length = this.endWithin(end) - reader.pos;
      if (length > MAX_NAME_BYTES) {
        throw new RangeError(`${name} of ${length} bytes, more than ${MAX_NAME_BYTES}`);
      }
      reader.pos = start;
    }
    return reader[kind]();
  }

  /** Where a part of the given length ends. */
  endWithin(end: number): number {
    const length = this.reader.uint32();
    const last = this.reader.pos + length;
    if (last <= end) return last;
    throw new RangeError(`a part of ${length} bytes is longer than what holds it`);
  }
}

/**
 * Reads a message. Fields of the file are own properties, absent ones come from the prototype.
 * @throws Error when the bytes are no such message.
 */
export function decode<V>(
  type: Message<V>,
  bytes: Uint8Array,
  counts = newCounts(bytes.length),
): V {
  return new MessageReader(bytes, counts).read(type as Message, bytes.length) as V;
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
