/** The largest rank of a LoRA. */
export const MAX_LORA_RANK = 4096;

/** The most tensors of a LoRA's file. */
export const MAX_LORA_TENSORS = 16_384;
