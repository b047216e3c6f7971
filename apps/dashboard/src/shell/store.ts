import { useSyncExternalStore } from 'react';

/**
 * A value beside React, for what a few places of the page's frame read and many change. Not for what views read: a change of it is
 * drawn at once, and React then takes back what a question of a view had set while it was drawn (see `Alive` in shell.tsx).
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
