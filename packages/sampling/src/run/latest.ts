/** Something that frees what it holds. */
interface Disposable {
  dispose(): Promise<void>;
}

/**
 * Keeps the latest value of a key. The value before it stays until `freeOlder`, so that what both
 * share stays open: two programs around one model file have one session.
 */
export function latest<V extends Disposable>() {
  let current: { readonly key: string; readonly value: Promise<V> } | undefined;
  const older: Promise<V>[] = [];
  const freeOlder = async (): Promise<void> => {
    const ended = await Promise.allSettled(older.splice(0));
    await Promise.all(ended.map((each) => each.status === "fulfilled" && each.value.dispose()));
  };
  return {
    get(key: string, make: () => Promise<V>): Promise<V> {
      if (current?.key === key) return current.value;
      if (current) older.push(current.value);
      const value = make();
      current = { key, value };
      // What failed is made anew.
      value.catch(() => {
        if (current?.value === value) current = undefined;
      });
      return value;
    },
    freeOlder,
    dispose(): Promise<void> {
      if (current) older.push(current.value);
      current = undefined;
      return freeOlder();
    },
  };
}

export type Latest<V extends Disposable> = ReturnType<typeof latest<V>>;
