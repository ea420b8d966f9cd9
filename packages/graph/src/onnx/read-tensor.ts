import type { MessageShape } from "@bufbuild/protobuf";
import { TensorProto_DataLocation, TensorProto_DataType, type TensorProtoSchema } from "onnx-buf";
import { bytesPerElement, type Tensor, tensor } from "../tensor.ts";
import { dtypeOf, label, OnnxError } from "./protobuf.ts";

/** Gives `length` bytes (all that follow where undefined) of the file at `location` from `offset` on. */
export type ExternalData = (location: string, offset: number, length?: number) => Uint8Array;

type TensorMessage = MessageShape<typeof TensorProtoSchema>;

/** The tensor in a message. @throws OnnxError when its bytes do not fit its shape or its type is unknown. */
export function readTensor(message: TensorMessage, externalData?: ExternalData): Tensor {
  const what = `tensor ${label(message.name)}`;
  const shape = message.dims.map(Number);
  if (shape.some((d) => !Number.isSafeInteger(d) || d < 0)) {
    throw new OnnxError(
      `${what} has the shape [${shape.join(", ")}]; dimensions must not be negative`,
    );
  }
  const size = shape.reduce((a, b) => a * b, 1);
  const half = message.dataType === TensorProto_DataType.BFLOAT16;
  const dtype = half ? "float32" : dtypeOf(message.dataType);
  if (dtype === undefined) {
    const type = TensorProto_DataType[message.dataType] ?? message.dataType;
    throw new OnnxError(`${what} has elements of type ${type}, which is not supported`);
  }
  const external = message.dataLocation === TensorProto_DataLocation.EXTERNAL;
  const raw = external ? readExternal(message, what, externalData) : message.rawData;
  if (external || raw.length > 0) {
    const bytes = size * (half ? 2 : bytesPerElement(dtype));
    if (raw.length !== bytes) {
      throw new OnnxError(
        `${what} of shape [${shape.join(", ")}] takes ${bytes} bytes, got ${raw.length}`,
      );
    }
    if (half) return tensor(fromBfloat16(raw), shape);
    // A copy: the elements start anywhere in the file, and the tensor must outlive it.
    const data = new ArrayBuffer(bytes);
    new Uint8Array(data).set(raw);
    if (dtype === "bool") return tensor(new Uint8Array(data).map(Number), shape, dtype);
    const length = {
      float32: Float32Array,
      float64: Float64Array,
      float16: Uint16Array,
      int32: Int32Array,
      int64: BigInt64Array,
    }[dtype];
    return tensor(new length(data), shape, dtype);
  }
  const values = listed(message, dtype);
  if (values.length !== size) {
    throw new OnnxError(
      `${what} of shape [${shape.join(", ")}] takes ${size} elements, got ${values.length}`,
    );
  }
  if (half)
    return tensor(fromBfloat16(new Uint8Array(Uint16Array.from(values as number[]).buffer)), shape);
  return tensor(values, shape, dtype);
}

function listed(
  message: TensorMessage,
  dtype: Tensor["dtype"],
): number[] | BigInt64Array | Uint16Array {
  if (dtype === "float64") return message.doubleData;
  if (dtype === "int64") return BigInt64Array.from(message.int64Data);
  if (dtype === "float16") return Uint16Array.from(message.int32Data);
  if (message.dataType === TensorProto_DataType.FLOAT) return message.floatData;
  return message.int32Data;
}

function fromBfloat16(bytes: Uint8Array): Float32Array {
  const out = new Float32Array(bytes.length / 2);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < words.length; i++) words[i] = (bytes[2 * i] << 16) | (bytes[2 * i + 1] << 24);
  return out;
}

function readExternal(message: TensorMessage, what: string, resolve?: ExternalData): Uint8Array {
  const entry = (key: string) => message.externalData.find((e) => e.key === key)?.value;
  const location = entry("location") ?? "";
  if (!resolve) {
    throw new OnnxError(
      `${what} is kept outside the model in ${label(location)}; pass externalData to read it`,
    );
  }
  const whole = (key: string) => {
    const value = entry(key);
    if (value === undefined || /^\d{1,15}$/.test(value)) return value && Number(value);
    throw new OnnxError(`${what} has ${label(value)} as the ${key} of its external data`);
  };
  return resolve(location, Number(whole("offset") ?? 0), whole("length") as number | undefined);
}
