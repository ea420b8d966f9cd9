import { onDestroy } from "svelte";

/**
 * A model as state of a component. `open` returns a promise of `{ generate, close }`. The model is
 * opened once, and closed with the component.
 *
 *   const sampler = createSampler(openModel); // sampler.isReady, .isRunning, .progress, .x, .error
 */
export function createSampler(open) {
  let model = $state.raw();
  let current = $state.raw({ progress: 0 });
  let controller = new AbortController();

  const opening = open();
  opening.then(
    (opened) => {
      model = opened;
    },
    (error) => {
      current = { progress: 0, error };
    },
  );
  onDestroy(() => {
    controller.abort();
    opening.then((opened) => opened.close()).catch(() => {});
  });

  return {
    get isReady() {
      return model !== undefined;
    },
    get isRunning() {
      return current.isRunning === true;
    },
    get progress() {
      return current.progress;
    },
    get x() {
      return current.x;
    },
    get error() {
      return current.error;
    },
    /** Takes the options of `generate`. A run that is under way stops. */
    async run(options) {
      controller.abort();
      controller = new AbortController();
      const { signal } = controller;
      const show = (next) => {
        if (controller.signal === signal) current = next;
      };
      const onStep = ({ done }) => show({ progress: done, isRunning: true });
      show({ progress: 0, isRunning: true });
      try {
        const { x } = await model.generate({ ...options, signal, onStep });
        show({ progress: 1, x });
      } catch (error) {
        show(signal.aborted ? { progress: 0 } : { progress: 0, error });
      }
    },
    stop: () => controller.abort(),
  };
}
