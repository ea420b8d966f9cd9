/*
 * A store in a bucket of S3, or of a server that speaks S3's protocol: one object for each name.
 *
 *   const store = s3Store({ client: new S3Client({}), bucket: "pictures", prefix: "job-7" });
 *
 * A PUT replaces an object once its last byte has come, so that a reader never sees half of one. What
 * was answered 500 or 503, or not to the end, is tried again. The SDK does so too, but it leaves a body
 * that breaks off to its caller, and it stops when many requests fail.
 */
import type { GetObjectCommandOutput, S3Client } from "@aws-sdk/client-s3";
import { GenError } from "@gen/math";
import { ArgumentError, checkOptions, rules } from "@gen/math/arguments";
import { checkName, checkPrefix, checkSize, isName, type Store } from "./store.ts";

/** Where a store lies. */
export interface S3StoreOptions {
  /** An `S3Client`. Each of four tries sends a request as often as its `maxAttempts` says. */
  readonly client: {
    /**
     * Sends a command, more than once if need be.
     *
     * @param command A command of `@aws-sdk/client-s3`.
     */
    send(command: never): Promise<unknown>;
  };
  /** The bucket's name. The bucket must exist. */
  readonly bucket: string;
  /** What all keys begin with, before a "/". @defaultValue none */
  readonly prefix?: string;
}

/** The most names that a listing may have. */
const LARGEST_LISTING = 1_000_000;

/** Tries of what fails and may pass, with waits of 50, 100 and 200 ms between. */
const TRIES = 4;

/**
 * A store of files in a bucket.
 *
 * @param options The client, the bucket and the prefix.
 * @throws RangeError for a bucket or a prefix that is not allowed. Its methods reject with a GenError:
 * `unreachable` when the store does not answer, or not to the end, `download-failed` when it refuses,
 * `file-too-large`, `backend-unavailable` when `@aws-sdk/client-s3` is not installed.
 */
export function s3Store(options: S3StoreOptions): Store {
  checkOptions(options, {
    client: rules.OBJECT,
    bucket: rules.TEXT,
    prefix: rules.optional([
      "a relative path such as jobs/pictures",
      (text) => text === "" || isName(text),
    ]),
  });
  const { bucket: Bucket, prefix = "" } = options;
  const client = options.client as unknown as S3Client;
  const root = prefix === "" ? "" : `${prefix}/`;
  /** Runs `work`, and gives a failure its address. */
  const attempt = async <R>(verb: string, key: string, work: (sdk: Sdk) => Promise<R>) => {
    const sdk = await loadSdk();
    let sent = 0;
    for (let tries = 1; ; tries++) {
      try {
        return await work(sdk);
      } catch (error) {
        sent += (error as SdkError).$metadata?.attempts ?? 1;
        if (tries === TRIES || !mayPass(error))
          throw storeError(error, `s3://${Bucket}/${key} cannot be ${verb}`, sent);
        await new Promise<void>((done) => setTimeout(done, 25 * 2 ** tries));
      }
    }
  };

  return {
    async write(name, bytes) {
      const Key = root + checkName(name);
      checkSize(bytes.length);
      await attempt("written", Key, ({ PutObjectCommand }) =>
        client.send(new PutObjectCommand({ Bucket, Key, Body: bytes })),
      );
    },
    async read(name, most) {
      const Key = root + checkName(name);
      return attempt("read", Key, async ({ GetObjectCommand, NoSuchKey }) => {
        try {
          const answer = await client.send(new GetObjectCommand({ Bucket, Key }));
          return await bytesOf(answer, most);
        } catch (error) {
          if (error instanceof NoSuchKey) return undefined;
          throw error;
        }
      });
    },
    async list(folder) {
      const Prefix = root + checkPrefix(folder);
      return attempt("listed", Prefix, async ({ ListObjectsV2Command }) => {
        const names: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken });
          const { Contents = [], NextContinuationToken } = await client.send(command);
          // Others may write into the bucket: what is no name of a file here is left alone.
          const found = Contents.map(({ Key = "" }) => Key.slice(root.length)).filter(isName);
          names.push(...found);
          if (names.length > LARGEST_LISTING)
            throw new GenError("file-too-large", `it has more than ${LARGEST_LISTING} files`);
          const isLast = Contents.length === 0 || NextContinuationToken === ContinuationToken;
          ContinuationToken = isLast ? undefined : NextContinuationToken;
        } while (ContinuationToken !== undefined);
        return names.sort();
      });
    },
    async remove(name) {
      const Key = root + checkName(name);
      await attempt("removed", Key, ({ DeleteObjectCommand }) =>
        client.send(new DeleteObjectCommand({ Bucket, Key })),
      );
    },
  };
}

/**
 * The store at an address such as `s3://pictures/job-7`. Endpoint, region and keys come from where the
 * SDK looks for them, such as `AWS_ENDPOINT_URL_S3`, `AWS_REGION` and `AWS_ACCESS_KEY_ID`. A request is
 * sent 12 times at most.
 *
 * @param address `s3://BUCKET` or `s3://BUCKET/PREFIX`.
 * @throws as a rejection: RangeError for another address; GenError `backend-unavailable` when
 * `@aws-sdk/client-s3` is not installed.
 */
export async function openS3Store(address: string): Promise<Store> {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(address) ?? [];
  if (!bucket) throw new ArgumentError(`a store must be s3://BUCKET/PREFIX, got ${address}`);
  const { S3Client } = await loadSdk();
  const { env } = process;
  // Servers of one's own rarely have names of buckets in the DNS, and any region will do.
  const isOwn = Boolean(env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
  const client = new S3Client({
    maxAttempts: 3,
    forcePathStyle: isOwn,
    ...(isOwn && !env.AWS_REGION && { region: "us-east-1" }),
    // Milliseconds to connect, to the answer's first byte, and between two bytes.
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: 60_000,
      socketTimeout: 60_000,
      throwOnRequestTimeout: true,
    },
  });
  return s3Store({ client, bucket, prefix });
}

type Sdk = typeof import("@aws-sdk/client-s3");

async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (cause) {
    const message = "a store at s3:// needs its client; run: npm install @aws-sdk/client-s3";
    throw new GenError("backend-unavailable", message, { cause });
  }
}

/** The bytes of an answer, whose size is known before its first byte is kept. */
async function bytesOf(
  { Body, ContentLength: length }: GetObjectCommandOutput,
  most: number | undefined,
): Promise<Uint8Array> {
  const body = Body as AsyncIterable<Uint8Array> & { destroy(): void };
  try {
    checkSize(length, most);
  } catch (error) {
    body.destroy();
    throw error;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const part of body) {
    bytes.set(part.subarray(0, length - at), at);
    at += part.length;
  }
  if (at !== length) throw new ArgumentError(`${length} bytes were promised, ${at} came`);
  return bytes;
}

/** The name of the SDK's error when it finds no keys. */
const NO_KEYS = "CredentialsProviderError";

/** What errors of the SDK have. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** Whether a failure may pass: no answer, half an answer, or a store that is busy. */
function mayPass(error: unknown): boolean {
  if (error instanceof GenError || (error as SdkError).name === NO_KEYS) return false;
  const { httpStatusCode: status = 0 } = (error as SdkError).$metadata ?? {};
  return status < 400 || status === 429 || status >= 500;
}

/** The error of a request: its address, the reason, and how often it was sent. */
function storeError(error: unknown, what: string, sent: number): GenError {
  const { name, message, code, $metadata } = error as SdkError;
  if (error instanceof GenError) return new GenError(error.code, `${what}: ${message}`);
  const status = $metadata?.httpStatusCode;
  const advice = name === NO_KEYS ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; " : "";
  const reason = [status, status && name, message || code].filter(Boolean).join(" ");
  return new GenError(
    status === undefined ? "unreachable" : "download-failed",
    `${what}: ${advice}${reason}${sent > 1 ? `, ${sent} times` : ""}`,
    { cause: error },
  );
}
