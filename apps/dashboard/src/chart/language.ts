/**
 * uPlot makes a formatter of the browser's language as it is loaded, and fails where that is no language tag, as `en-US@posix` of a Chromium
 * without a locale. Nothing here shows what that formatter writes: English stands in for it. To be imported before uPlot.
 */
if (typeof navigator !== 'undefined') {
  try {
    new Intl.NumberFormat(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
  }
}
