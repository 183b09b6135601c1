import { useEffect, useState } from 'preact/hooks';

/** A value that outlives the components that show it. */
export interface Store<T> {
  get(): T;
  set(value: T): void;
  /** @returns a function that unsubscribes */
  subscribe(listener: (value: T) => void): () => void;
}

export function createStore<T>(value: T): Store<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of listeners) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The store's current value. Renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    const take = (next: T) => setValue(() => next);
    // It may have changed since the first render.
    take(store.get());
    return store.subscribe(take);
  }, [store]);
  return value;
}
