/** The largest rank of a LoRA. */
export const MAX_LORA_RANK = 4096;
