import type { NoiseSchedule, SchedulerConfig } from "@gen/schedules";
import type { Clip } from "../run/clip.ts";
import type { Step, Transition } from "../samplers/step.ts";

/** What the caller of `schedulerSteps` says besides the config, by this library's names. */
export interface ClassOptions {
  /**
   * Evaluations as diffusers counts them (`num_inference_steps`).
   * @defaultValue the count of a given list, else the usual one of the class or sampler
   */
  readonly steps?: number;
  /**
   * The time steps themselves, descending, in place of `steps`; for DDPMWuerstchenScheduler with the
   * one that the last step goes to.
   * @defaultValue the class's, for `steps`
   */
  readonly timesteps?: readonly number[];
  /**
   * The sigmas themselves, in place of `steps`: descending, with the one that the last step goes to
   * where the class takes it so (EulerDiscreteScheduler).
   * @defaultValue the class's, for `steps`
   */
  readonly sigmas?: readonly number[];
  /**
   * `"diffusers"`: the class fault for fault, wherever it gives a finite answer.
   * @defaultValue the class, but for its known faults
   */
  readonly compat?: "diffusers";
  /** Fresh noise of DDIM and its kin, gamma of TCD. @defaultValue the class's */
  readonly eta?: number;
  /** Noise that a step adds before it moves (Karras et al. 2022, algorithm 2). @defaultValue 0 */
  readonly sChurn?: number;
  /** The smallest sigma at which `sChurn` counts. @defaultValue 0 */
  readonly sTmin?: number;
  /** The largest sigma at which `sChurn` counts. @defaultValue Infinity */
  readonly sTmax?: number;
  /** Multiplies added noise. @defaultValue 1 */
  readonly sNoise?: number;
  /**
   * Image to image: only the last `strength` of the steps are taken, in (0, 1].
   * @defaultValue 1
   */
  readonly strength?: number;
  /** How many steps a distilled model knows (LCM, TCD). @defaultValue the config's */
  readonly originalInferenceSteps?: number;
  /** DDIM goes on with the epsilon that the clipped x0 implies. @defaultValue false */
  readonly useClippedModelOutput?: boolean;
  /** SCM: the time that its first step starts from. @defaultValue 1.5708 */
  readonly maxTimesteps?: number;
  /** SCM with two steps: the time between them, or null for the half. @defaultValue 1.3 */
  readonly intermediateTimesteps?: number | null;
  /**
   * How many tokens an image has, for a flow whose shift grows with it (`use_dynamic_shifting`).
   * @defaultValue none, no dynamic shift
   */
  readonly imageLength?: number;
  /**
   * The exponent of a dynamic shift, in place of `imageLength`.
   * @defaultValue that of `imageLength`
   */
  readonly mu?: number;
}

/** The fields of a config, by diffusers' names, as `checkFields` leaves them. */
export interface ClassSettings {
  readonly num_train_timesteps: number;
  readonly beta_schedule: string;
  readonly prediction_type: string;
  readonly timestep_spacing: "leading" | "trailing" | "linspace";
  readonly steps_offset: number;
  readonly rescale_betas_zero_snr: boolean;
  readonly use_karras_sigmas: boolean | null;
  readonly use_exponential_sigmas: boolean | null;
  readonly use_beta_sigmas: boolean | null;
  readonly use_flow_sigmas: boolean | null;
  readonly use_lu_lambdas: boolean;
  readonly flow_shift: number;
  readonly use_dynamic_shifting: boolean;
  readonly time_shift_type: "exponential" | "linear";
  readonly shift_terminal: number | null;
  readonly sigma_min: number | null;
  readonly sigma_max: number | null;
  readonly interpolation_type: "linear" | "log_linear";
  readonly timestep_type: "discrete" | "continuous";
  readonly final_sigmas_type: "zero" | "sigma_min";
  readonly lambda_min_clipped: number;
  readonly solver_order: 1 | 2 | 3;
  readonly solver_type: string;
  readonly algorithm_type: string;
  readonly lower_order_final: boolean;
  readonly euler_at_final: boolean;
  readonly predict_x0: boolean;
  readonly disable_corrector: readonly number[];
  readonly predictor_order: number;
  readonly corrector_order: number;
  readonly variance_type: string | null;
  readonly skip_prk_steps: boolean;
  readonly original_inference_steps: number;
  readonly timestep_scaling: number;
  readonly snr_shift_scale: number;
  readonly sigma_data: number;
  readonly sigma_schedule: "karras" | "exponential";
  readonly rho: number;
  readonly s_noise: number;
  readonly clip_denoised: boolean;
  readonly shift: number;
  readonly invert_sigmas: boolean;
  readonly stochastic_sampling: boolean;
  readonly scale_factors: readonly number[] | null;
  readonly upscale_mode: string | null;
  readonly eta: number;
  readonly s: number;
  readonly scaler: number;
  readonly snr: number;
  readonly sampling_eps: number;
  readonly correct_steps: number;
}

/** What a class's table is made from. */
export interface ClassRun {
  readonly config: SchedulerConfig;
  readonly settings: ClassSettings;
  readonly schedule: NoiseSchedule;
  readonly options: ClassOptions;
  /** Whether the class is followed fault for fault. */
  readonly compat: boolean;
  /** Whether time steps are found among sigmas in float32. @defaultValue false */
  readonly single?: boolean;
}

/** A class's time steps and levels, before its method makes rows of them. */
export interface ClassPath {
  readonly moves: readonly Transition[];
  /** The class's own sigmas, with the one that the last step goes to. */
  readonly sigmas?: readonly number[];
  /** What standard normal numbers are multiplied by to be the first x. @defaultValue 1 */
  readonly initialScale?: number;
}

/** A class's table. */
export interface ClassTable extends Omit<ClassPath, "moves"> {
  readonly steps: readonly Step[];
  /**
   * In place of the config's clip: for a class that has the fields and does not clip, or that has a
   * clip under another name.
   */
  readonly clip?: Clip;
  /** The draw that each row's noise is, for a class that does not draw in each row. */
  readonly draws?: readonly number[];
  /** Where the table differs from the class. */
  readonly notes?: readonly string[];
}
