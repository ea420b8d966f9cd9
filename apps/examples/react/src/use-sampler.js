import { useEffect, useRef, useState } from "react";

/**
 * A model as React state. `open` returns a promise of `{ generate, close }`, and is the same
 * function in each render. The model is opened once, and closed with the component.
 *
 *   const { isReady, isRunning, progress, x, error, run, stop } = useSampler(openModel);
 */
export function useSampler(open) {
  const [model, setModel] = useState();
  const [state, setState] = useState({ progress: 0 });
  const controller = useRef(new AbortController());

  useEffect(() => {
    let isMounted = true;
    const opening = open();
    opening.then(
      (opened) => isMounted && setModel(opened),
      (error) => isMounted && setState({ progress: 0, error }),
    );
    return () => {
      isMounted = false;
      controller.current.abort();
      setModel(undefined);
      opening.then((opened) => opened.close()).catch(() => {});
    };
  }, [open]);

  /** Takes the options of `generate`. A run that is under way stops. */
  async function run(options) {
    controller.current.abort();
    controller.current = new AbortController();
    const { signal } = controller.current;
    const show = (next) => controller.current.signal === signal && setState(next);
    const onStep = ({ done }) => show({ progress: done, isRunning: true });
    show({ progress: 0, isRunning: true });
    try {
      const { x } = await model.generate({ ...options, signal, onStep });
      show({ progress: 1, x });
    } catch (error) {
      show(signal.aborted ? { progress: 0 } : { progress: 0, error });
    }
  }

  const stop = () => controller.current.abort();
  return { ...state, isReady: model !== undefined, run, stop };
}
