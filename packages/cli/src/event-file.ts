/*
 * TensorBoard's event files: records of protobuf messages. No package on npm that is kept up writes
 * them, and the part that a training needs is small.
 *
 *   record    length: uint64, CRC of the length, message, CRC of the message
 *             (tensorflow/core/lib/io/record_writer.h; the CRCs are masked CRC-32C)
 *   Event     wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7
 *   Summary   value = 1: { tag = 1, simple_value = 2, image = 4 }
 *             (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto)
 */

/** A picture of an event, as the bytes of a PNG. */
export interface EventPicture {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Numbers and pictures at a step, by their tags. */
export interface EventValues {
  readonly seconds: number;
  readonly step: number;
  readonly values: Readonly<Record<string, number | EventPicture>>;
}

// The polynomial of Castagnoli, with its bits reversed.
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The CRC-32C of bytes, rotated by 15 bits and shifted, as records hold it. */
function maskedCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function record(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(message.length + 16);
  bytes.writeBigUInt64LE(BigInt(message.length));
  bytes.writeUInt32LE(maskedCrc(bytes.subarray(0, 8)), 8);
  bytes.set(message, 12);
  bytes.writeUInt32LE(maskedCrc(message), 12 + message.length);
  return bytes;
}

/** A whole number in groups of seven bits, the lowest first. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const key = (field: number, wire: number) => Buffer.from([field * 8 + wire]);
const whole = (field: number, value: number) =>
  value === 0 ? Buffer.alloc(0) : Buffer.concat([key(field, 0), varint(value)]);
const message = (field: number, parts: readonly Uint8Array[] | string) => {
  const bytes = typeof parts === "string" ? Buffer.from(parts) : Buffer.concat(parts);
  return Buffer.concat([key(field, 2), varint(bytes.length), bytes]);
};
const float = (field: number, value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, 5), bytes]);
};
const double = (field: number, value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), bytes]);
};

const valueField = (value: number | EventPicture): Uint8Array =>
  typeof value === "number"
    ? float(2, value)
    : message(4, [
        whole(1, value.height),
        whole(2, value.width),
        // The color space of RGB.
        whole(3, 3),
        key(4, 2),
        varint(value.png.length),
        value.png,
      ]);

/**
 * The first records of a file: its version, and the start of a run at `step`. TensorBoard then drops
 * what older files hold from that step on, which the resumed training repeats.
 */
export const eventFileStart = (seconds: number, step: number): Uint8Array =>
  Buffer.concat([
    record(Buffer.concat([double(1, seconds), message(3, "brain.Event:2")])),
    record(Buffer.concat([double(1, seconds), whole(2, step), message(7, [whole(1, 1)])])),
  ]);

/** The record of a step. */
export const eventRecord = ({ seconds, step, values }: EventValues): Uint8Array =>
  record(
    Buffer.concat([
      double(1, seconds),
      whole(2, step),
      message(
        5,
        Object.entries(values).map(([tag, value]) =>
          message(1, [message(1, tag), valueField(value)]),
        ),
      ),
    ]),
  );
