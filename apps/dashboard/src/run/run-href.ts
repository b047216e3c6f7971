/** The address of a run; its key has slashes. */
export const runHref = (key: string): string => `/runs/${key.split('/').map(encodeURIComponent).join('/')}`;
