'use client';

import { useEffect } from 'react';

/** Who keeps the click that comes before the page's scripts; it is done once they are there. */
declare global {
  interface Window {
    smallbatchEarly?: { last: HTMLButtonElement | undefined; stop(): void };
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

/** A button, or the one that the browser drew in its place: where several have its name, none. */
function inPlaceOf(button: HTMLButtonElement): HTMLButtonElement | undefined {
  if (button.isConnected) return button;
  const name = (one: Element) => one.getAttribute('aria-label') ?? one.textContent;
  const same = [...document.querySelectorAll('button')].filter(
    (one) => name(one) === name(button) && !one.closest('[hidden]'),
  );
  return same.length === 1 ? same[0] : undefined;
}

/** Inside of what comes alive last. */
export function DoEarlyClick() {
  useEffect(() => {
    const { smallbatchEarly: early } = window;
    delete window.smallbatchEarly;
    if (early?.last) inPlaceOf(early.last)?.click();
  }, []);
  return null;
}
