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

/**
 * A file that the API makes, as it comes. A connection that is cut before its end is an error, never a shorter file.
 */
export async function download(
  options: { url?: string },
  path: string,
  parameters: object,
): Promise<AsyncIterable<Uint8Array>> {
  const url = apiUrl(options.url);
  const token = process.env.SMALLBATCH_TOKEN;
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(parameters),
  }).catch((error: Error & { cause?: { code?: string; message?: string } }) => {
    const why = error.cause?.code ?? error.cause?.message ?? error.message;
    throw new Unreachable(
      `cannot reach the API at ${url}: ${why}. Is it running? (npm start; SMALLBATCH_URL)`,
    );
  });
  if (!response.ok || !response.body) {
    const answer = (await response.json().catch(() => ({}))) as {
      errors?: { message: string; extensions?: { code?: string } }[];
    };
    const [fault] = answer.errors ?? [];
    throw fault
      ? new ApiError(fault.message, fault.extensions?.code ?? 'UNKNOWN')
      : new ApiError(
          `${url} answers ${response.status}: is it a Smallbatch API of this version?`,
          'BAD_ANSWER',
        );
  }
  return whole(response.body, url);
}

async function* whole(body: ReadableStream<Uint8Array>, url: string): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: Error) => {
        throw new Unreachable(
          `the API at ${url} ended the export before it was whole: ask again`,
          undefined,
          {
            cause,
          },
        );
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
