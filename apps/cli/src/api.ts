import { ApiError, type Client, createClient, Unreachable } from '@smallbatch/client';
import { plain } from './output/screen.ts';
import { Problem } from './problem.ts';

export const DEFAULT_URL = 'http://localhost:4000';

/** Where the API is: `--url`, else SMALLBATCH_URL, else this machine's default. */
export function apiUrl(given?: string): string {
  const url = given ?? process.env.SMALLBATCH_URL ?? DEFAULT_URL;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Problem(`invalid URL "${plain(url)}": give http://HOST:PORT by --url or SMALLBATCH_URL`, 2);
  }
  return url.replace(/\/+$/, '');
}

/** The API with the token of SMALLBATCH_TOKEN (never a flag: other users of a machine can read those). */
export function connect({ url, token }: { url?: string; token?: string } = {}): Client {
  const secret = token ?? process.env.SMALLBATCH_TOKEN;
  return createClient({ url: apiUrl(url), ...(secret ? { token: secret } : {}) });
}

/** An error of the API in words for people; undefined when it is not one of its errors. */
export function explainApiError(error: unknown): string | undefined {
  if (error instanceof Unreachable) return plain(error.message);
  if (error instanceof ApiError) return `${plain(error.message)} (${error.code})`;
  return undefined;
}
