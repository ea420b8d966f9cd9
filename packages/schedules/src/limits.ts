/** The longest scheduler_config.json, in characters. */
export const MAX_CONFIG_LENGTH = 2 ** 22;

/** The most training steps of a schedule: `num_train_timesteps`, or `steps` of a constructor. */
export const MAX_TRAIN_TIMESTEPS = 1_000_000;
