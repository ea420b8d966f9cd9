import type { PipelineFolder } from "@gen/pipeline";
import type { Choice } from "../../backends/choices.ts";

/** Where a model is. */
export type Source =
  | { readonly kind: "files"; readonly name: string; readonly files: ReadonlyMap<string, File> }
  | {
      readonly kind: "url";
      readonly url: string;
      /** The SHA-256 of each file. The folder then has no other files. */
      readonly sha256?: Readonly<Record<string, string>>;
    };

/** The work of the room, in a worker or in the page itself. */
export interface ModelWork {
  /** Returns when the work can be used. */
  ready(): boolean;
  /** Tells what a model is, from its JSON files and the headers of its models. */
  open(source: Source): Promise<ModelReport | undefined>;
  /** Makes a picture. Undefined when cancelled. */
  run(
    request: RunRequest,
    onProgress: (progress: RunProgress) => void,
  ): Promise<RunResult | undefined>;
  cancel(): void;
  /** A PNG file that holds the settings of its picture. */
  png(picture: Pixels, settings: PictureSettings): Promise<Uint8Array>;
}

/** How a folder makes a picture: from a prompt, a class, noise, or latents of a decoder alone. */
export type Way = "prompt" | "class" | "noise" | "decoder";

/** What is known of a model before it runs. */
export interface ModelReport {
  /** The folder's kind, "file" for a single ONNX model; undefined where nothing tells it. */
  readonly kind?: PipelineFolder["kind"] | "file";
  readonly className?: string;
  readonly needs: PipelineFolder["needs"];
  readonly parts: readonly PartReport[];
  /** What is missing or cannot be used, and what to do, one sentence each. */
  readonly problems: readonly string[];
  /** What to know, one sentence each. */
  readonly notes: readonly string[];
  readonly scheduler?: SchedulerReport;
  /** Undefined where the models' headers could not be read. */
  readonly memory?: Memory;
  readonly fits: readonly Fit[];
  /** `[channels, height, width]` of a sample, as far as it is known. */
  readonly latent: readonly (number | undefined)[];
  /** Width and height of a picture. */
  readonly size?: readonly [width: number, height: number];
  readonly classes?: { readonly count?: number; readonly names?: readonly string[] };
  /** The scale of guidance of a class that guides by classes. */
  readonly guidance?: number;
  /** Undefined where the page cannot run the model. */
  readonly way?: Way;
  /** Whether a picture may start from another picture, or must. */
  readonly picture?: "may" | "must";
}

export interface PartReport {
  readonly name: string;
  readonly purpose: string;
  /** Bytes of the model's file and of those beside it; undefined where a server does not say. */
  readonly bytes?: number;
  /** Inputs and outputs with their shapes, of a single file. */
  readonly inputs?: readonly Port[];
  readonly outputs?: readonly Port[];
}

export interface Port {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

/** Bytes: all weights that are held at once, and the most that a run of one part holds beside them. */
export interface Memory {
  readonly weights: number;
  readonly run: number;
}

/** Whether a model runs on a backend here. */
export interface Fit {
  readonly backend: Choice;
  /** The backend's name as the page shows it. */
  readonly label: string;
  /** Why the device is not there. */
  readonly absent?: string;
  /** The bytes that the parts need at least, where the backend can address less. */
  readonly tooMuch?: { readonly needed: number; readonly allowed: number };
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
}

/** What is understood of a scheduler_config.json. */
export interface SchedulerReport {
  readonly className: string;
  /** The sampler that follows it; undefined where the config is refused. */
  readonly sampler?: string;
  readonly predicts?: string;
  /** Why the config is refused, where no single field is the cause. */
  readonly problem?: string;
  readonly fields: readonly SchedulerField[];
  /** The fields that the file leaves out and that have diffusers' defaults. */
  readonly defaults: readonly string[];
}

export interface SchedulerField {
  readonly name: string;
  readonly value: string;
  readonly state: "followed" | "label" | "ignored" | "refused" | "unread";
  /** Why it is refused. */
  readonly reason?: string;
}

export interface RunRequest {
  readonly choice: Choice;
  readonly way: Way;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly classLabel: number;
  readonly seed: number;
  /** Whether to draw as PyTorch does after `torch.manual_seed(seed)`. */
  readonly torch: boolean;
  /** Undefined for the folder's own. */
  readonly steps?: number;
  readonly guidance?: number;
  readonly size?: readonly [width: number, height: number];
  /** The picture that this one starts from. */
  readonly start?: Pixels;
  /** The share of the steps that a start takes. */
  readonly strength?: number;
}

/** A picture as `ImageData` takes it. */
export interface Pixels {
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** What a run does now. */
export type RunProgress =
  | { readonly doing: "opening" }
  | {
      readonly doing: "download";
      readonly path: string;
      readonly loaded: number;
      readonly total?: number;
      readonly secondsLeft?: number;
    }
  | {
      readonly doing: "steps";
      /** Steps that are done. */
      readonly step: number;
      readonly steps: number;
      readonly secondsLeft: number;
      readonly preview?: Pixels;
    };

export interface RunResult {
  readonly backendName: string;
  readonly picture: Pixels;
  /** Mean, spread, least and most of each channel, in [-1, 1]. */
  readonly channels: readonly (readonly number[])[];
  readonly steps: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

/** How a picture was made: values of JSON. */
export type PictureSettings = Readonly<Record<string, string | number | number[] | undefined>>;
