import type { Work } from "../../use-worker.ts";
import type { FillRequest } from "./fill-in.ts";
import type { Made, Moment } from "./make-pictures.ts";
import type { Trip } from "./round-trip.ts";
import type { ModelId, Settings } from "./settings.ts";

/** How far a run is. */
export interface RunProgress {
  readonly step: number;
  readonly steps: number;
  readonly secondsLeft: number;
}

/** What each request names beside its own settings. */
export interface FromFolder {
  /** The address of the folder of models, with a slash at its end. */
  readonly folders: string;
  readonly model: ModelId;
}

/** The work of this room. A run that {@link ImagesWork.stop} ends gives undefined. */
export interface ImagesWork extends Work {
  make(
    request: FromFolder & { readonly settings: Settings },
    onMoment: (moment: Moment) => void,
    onProgress: (progress: RunProgress) => void,
  ): Promise<Made | undefined>;
  /** The error of the autoencoder alone, in levels of 255. */
  roundTrips(
    request: FromFolder & { readonly picture: Float32Array; readonly label: number },
    onTrip: (trip: Trip) => void,
    onProgress: (progress: RunProgress) => void,
  ): Promise<number | undefined>;
  fill(
    request: FromFolder & FillRequest,
    onProgress: (progress: RunProgress) => void,
  ): Promise<Float32Array | undefined>;
  /** Ends the run under way within a step. */
  stop(): void;
}
