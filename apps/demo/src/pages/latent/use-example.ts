import { computed, type ShallowRef } from "vue";
import { fromHex, size } from "./drawings.ts";
import { pixelsOf, termsOf } from "./mlp-vae.ts";
import type { Latent } from "./use-latent.ts";
import type { Settings } from "./use-settings.ts";
import { words } from "./words.ts";

/** Draws of z for the terms of one picture. */
const samples = 32;

/** The picture whose terms are shown: the reader's own, or the data's nearest to z. */
export function useExample(
  { model, pictures, measured, source }: Latent,
  settings: Settings,
  z: ShallowRef<readonly [number, number]>,
) {
  const own = computed(() => (settings.own ? fromHex(settings.own) : undefined));

  /** The number of the picture whose posterior mean is nearest to z. */
  const nearest = computed(() => {
    const means = measured.value?.mean ?? [];
    let best: number | undefined;
    let least = Infinity;
    for (let i = 0; 2 * i < means.length; i++) {
      const distance = Math.hypot(means[2 * i] - z.value[0], means[2 * i + 1] - z.value[1]);
      if (distance >= least) continue;
      least = distance;
      best = i;
    }
    return best;
  });

  const x = computed(() => {
    const index = nearest.value;
    if (own.value || index === undefined) return own.value;
    return pictures.value?.pixels.subarray(index * size, (index + 1) * size);
  });
  const name = computed(() => {
    if (own.value) return words.value.yours;
    const label = pictures.value?.labels[nearest.value ?? -1];
    if (label === undefined) return "";
    return source.value === "digits" ? words.value.digit(label) : words.value.drawing(label);
  });
  const terms = computed(() =>
    model.value && x.value ? termsOf(model.value, x.value, { samples }) : undefined,
  );
  const posterior = computed(() => {
    const { mean, logVariance } = terms.value ?? {};
    if (!mean || !logVariance) return undefined;
    return { mean, deviation: logVariance.map((v) => Math.exp(v / 2)) };
  });
  /** What the decoder makes of the posterior's mean. */
  const back = computed(
    () => model.value && posterior.value && pixelsOf(model.value.decode(posterior.value.mean)),
  );
  return { own, x, name, terms, posterior, back };
}

export type Example = ReturnType<typeof useExample>;
