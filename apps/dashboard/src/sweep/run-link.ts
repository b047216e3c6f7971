/** The address of a run; its key has slashes of its own. */
export const runHref = (key: string): string => `/runs/${key.split('/').map(encodeURIComponent).join('/')}`;
export const sweepHref = (key: string): string => `/sweeps/${encodeURIComponent(key)}`;
