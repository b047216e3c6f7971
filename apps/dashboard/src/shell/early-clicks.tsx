'use client';

import { useEffect } from 'react';

/** Who keeps the click that comes before the page's scripts; it is done once they are there. */
declare global {
  interface Window {
    smallbatchEarly?: { last: Element | undefined; stop(): void };
  }
}

/** Runs before anything else. The last button that was clicked is kept: one who clicks twice means it once. */
const KEEP = `(() => {
  const keep = (event) => { early.last = event.target.closest('button') ?? early.last; };
  const early = { last: undefined, stop: () => removeEventListener('click', keep, true) };
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

/** Inside of what comes alive last. */
export function DoEarlyClick() {
  useEffect(() => {
    const { smallbatchEarly: early } = window;
    delete window.smallbatchEarly;
    if (early?.last instanceof HTMLElement && early.last.isConnected) early.last.click();
  }, []);
  return null;
}
