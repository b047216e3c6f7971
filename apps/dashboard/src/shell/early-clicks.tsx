'use client';

import { useEffect } from 'react';

/** Who keeps the click that comes before the page's scripts; it is done once they are there. */
declare global {
  interface Window {
    /** `last`: the place of the button among all, or −1. */
    smallbatchEarly?: { last: number; alive?: boolean; stop(): void };
  }
}

/** Runs before anything else. The last button that was clicked is kept: one who clicks twice means it once. */
const KEEP = `(() => {
  const keep = (event) => {
    const button = event.target.closest('button');
    if (button) early.last = [...document.querySelectorAll('button')].indexOf(button);
  };
  const early = { last: -1, stop: () => removeEventListener('click', keep, true) };
  window.smallbatchEarly = early;
  addEventListener('click', keep, true);
})()`;

/**
 * The page is drawn by the server half a second before its scripts are there. A click on a button in between would do nothing, without a
 * word: it is kept, and done when what it clicks on can answer.
 */
export const KeepEarlyClicks = ({ nonce }: { nonce: string }) => (
  // biome-ignore lint/security/noDangerouslySetInnerHtml: a text of this file, with the nonce of the answer
  <script nonce={nonce} dangerouslySetInnerHTML={{ __html: KEEP }} suppressHydrationWarning />
);

/** Once the page's frame is alive React answers each click itself, also one on what has yet to come alive. */
export function useNoMoreEarlyClicks(): void {
  useEffect(() => window.smallbatchEarly?.stop(), []);
}

/** Inside of what comes alive last, and then is made anew: the click is done on what stands in its place. */
export function Alive({ onAlive }: { onAlive: (alive: boolean) => void }) {
  useEffect(() => {
    const { smallbatchEarly: early } = window;
    if (!early) return;
    if (!early.alive) {
      early.alive = true;
      onAlive(true);
      return;
    }
    delete window.smallbatchEarly;
    if (early.last >= 0) document.querySelectorAll('button')[early.last]?.click();
  }, [onAlive]);
  return null;
}
