/**
 * What the server sends after the frame waits, by React's own script, until 300 ms after the frame was painted, so that several parts do
 * not come one by one. Here it is one, the view: without the time of that painting it is shown with the next frame.
 */
const AT_ONCE = `Object.defineProperty(window, '$RT', { get() {}, set() {} })`;

export const RevealAtOnce = ({ nonce }: { nonce: string }) => (
  // biome-ignore lint/security/noDangerouslySetInnerHtml: a text of this file, with the nonce of the answer
  <script nonce={nonce} dangerouslySetInnerHTML={{ __html: AT_ONCE }} suppressHydrationWarning />
);
