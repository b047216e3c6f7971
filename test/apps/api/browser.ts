import { createInvitation, type Role } from '@smallbatch/db';
import type { Answer, TestApi } from './server.ts';

export const PASSWORD = 'a mill of numbers';

export interface Answered {
  readonly status: number;
  readonly body: Answer;
  readonly headers: Headers;
}

/** A browser, as far as it keeps cookies: what the server sets is sent again, until it is taken away. */
export class Browser {
  readonly #url: string;
  readonly cookies = new Map<string, string>();
  /** Of the last answer, as they were set. */
  set: string[] = [];

  constructor(api: { port: number }) {
    this.#url = `http://127.0.0.1:${api.port}`;
  }

  get secret(): string {
    return this.cookies.get('smallbatch_session') ?? this.cookies.get('__Host-smallbatch_session') ?? '';
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const other = new Browser({ port: Number(new URL(this.#url).port) });
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  async fetch(
    path: string,
    init: RequestInit & { headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(new URL(path, this.#url), {
      redirect: 'manual',
      ...init,
      headers: { ...(cookie ? { cookie } : {}), 'user-agent': 'a test', ...init.headers },
    });
    this.set = response.headers.getSetCookie();
    for (const text of this.set) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text)!;
      if (/Max-Age=0\b/.test(text)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return response;
  }

  async get(path: string, headers: Record<string, string> = {}): Promise<Answered> {
    return read(await this.fetch(path, { headers }));
  }

  /** As a page of the same origin sends it. */
  async post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answered> {
    return read(
      await this.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: this.#url, ...headers },
        body: JSON.stringify(body),
      }),
    );
  }

  /** Asks GraphQL; the data, or the code of the first error. */
  async ask(query: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { body } = await this.post('/graphql', { query }, headers);
    return body.data ?? body.errors[0].extensions?.code ?? body.errors[0].message;
  }
}

async function read(response: Response): Promise<Answered> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
}

let people = 0;
/** Somebody who joined by an invitation, in a browser that is signed in. */
export async function person(
  { api, db, teamId }: Pick<TestApi, 'api' | 'db' | 'teamId'>,
  role: Role = 'MEMBER',
): Promise<{ browser: Browser; email: string; key: string; accountId: string; memberId: string }> {
  const name = `Person ${++people}`;
  const email = `person-${people}@example.org`;
  const { secret } = await createInvitation(db, { teamId, role, name, email, createdBy: null });
  const browser = new Browser(api);
  const { status, body } = await browser.post('/auth/invitation', {
    secret,
    name,
    email,
    password: PASSWORD,
  });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  const { rows } = await db.pool.query(
    'SELECT m.id AS "memberId", m.key, a.id AS "accountId" FROM member m JOIN account a ON a.id = m.account_id WHERE a.email = $1 AND m.team_id = $2',
    [email, teamId],
  );
  return { browser, email, ...rows[0] };
}

/** Nobody's tries count any more: tests sign in from one address. */
export const forgetAllTries = ({ asOwner }: Pick<TestApi, 'asOwner'>) => asOwner('DELETE FROM sign_in_try');
