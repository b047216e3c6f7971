'use client';

import dynamic from 'next/dynamic';
import { useSyncExternalStore } from 'react';

export interface Notice {
  readonly message: string;
  /** One button that takes back what was done. */
  readonly undo?: { readonly name: string; readonly run: () => void };
  readonly failed?: boolean;
}

// What shows notices comes with the first one: the first view does without it.
const NoticeList = dynamic(() => import('./notice-list').then((module) => module.NoticeList), { ssr: false });

let notices: readonly Notice[] = [];
const listeners = new Set<() => void>();
function add(notice: Notice): void {
  notices = [...notices, notice];
  for (const listener of listeners) listener();
}
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
const NONE: readonly Notice[] = [];

/** Where notices appear. */
export function Notices() {
  const all = useSyncExternalStore(
    subscribe,
    () => notices,
    () => NONE,
  );
  return all.length > 0 ? <NoticeList notices={all} /> : null;
}

/** Says what was done. With `undo`, one button takes it back. */
export const tell = (message: string, undo?: Notice['undo']): void =>
  add(undo ? { message, undo } : { message });

/** Says what went wrong and what to do; stays until it is closed. */
export const warn = (message: string): void => add({ message, failed: true });
