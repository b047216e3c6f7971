import { useSyncExternalStore } from 'react';

/**
 * A value beside React. What many components read and some change stands here and not in a context: while a page still arrives from the
 * server, a context that changes above it makes the browser give up what arrives, draw the view itself, and ask all its questions again.
 */
export interface Store<T> {
  get(): T;
  set(change: T | ((before: T) => T)): void;
  subscribe(listener: () => void): () => void;
}

export function makeStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(change) {
      value = typeof change === 'function' ? (change as (before: T) => T)(value) : change;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** On the server, and while the browser takes over, it is `onServer`. */
export const useStore = <T>(store: Store<T>, onServer: T): T =>
  useSyncExternalStore(store.subscribe, store.get, () => onServer);
