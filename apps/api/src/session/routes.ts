import { chooseTeam, type Db, type FoundSession, revokeSession, SESSION_DAYS } from '@smallbatch/db';
import express, { type Request, type Response, Router } from 'express';
import { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { Coming, type Whose } from '../audit/coming.ts';
import { CODES, type Code, fault } from '../errors.ts';
import type { Oidc } from './oidc.ts';
import { oidcRoutes } from './oidc-routes.ts';
import { fromOf, originAllowed, originOf, writeCookie } from './request.ts';
import {
  accept,
  type Browser,
  invitationOf,
  join,
  setByLink,
  setByOld,
  signIn,
  tooManyTries,
} from './sign-in.ts';
import { SignInGate } from './sign-in-gate.ts';
import { askerOf, type Viewers } from './viewer.ts';

export interface SessionOptions {
  readonly db: Db;
  readonly viewers: Viewers;
  readonly trustProxy: boolean;
  readonly oidc: Oidc | undefined;
  readonly logger: Logger;
}

const SECONDS = SESSION_DAYS * 86_400;
const LARGEST_BODY = 10_000;
const LONGEST_TEXT = 1000;

/** Gives the browser the secret of its session; null: takes it away. */
export function giveSession(
  request: Request,
  response: Response,
  trustProxy: boolean,
  secret: string | null,
): void {
  const { tls } = originOf(request, trustProxy);
  writeCookie(response, 'smallbatch_session', tls, secret ?? '', secret === null ? 0 : SECONDS);
}

/** `/auth/…`: how people come in and go. JSON in, JSON out: `{}` or `{ error: { code, message, retryAfter? } }`. */
export function sessionRoutes(options: SessionOptions): Router {
  const { db, viewers, trustProxy, oidc } = options;
  const router = Router();
  const gate = new SignInGate();
  const browserOf = (request: Request): Browser => fromOf(request, trustProxy);
  const coming = new Coming(db, browserOf);
  const sessionOf = (request: Request) => viewers.sessionOf(askerOf(request, trustProxy));
  const signedIn = async (request: Request): Promise<FoundSession> => {
    const session = await sessionOf(request);
    if (!session) throw fault('UNAUTHENTICATED', 'nobody is signed in here: sign in first');
    return session;
  };
  const whoseSession = ({ id, accountId }: FoundSession): Whose => ({ sessionId: id, accountId });
  const end = async (request: Request): Promise<void> => {
    const session = await sessionOf(request);
    if (session) await revokeSession(db, session);
  };
  /** The session that this browser had gives way. */
  const begin = async (request: Request, response: Response, secret: string): Promise<void> => {
    await end(request);
    giveSession(request, response, trustProxy, secret);
  };

  router.use((request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    if (request.method === 'GET' || originAllowed(request, trustProxy)) return next();
    sayFault(response, fault('FORBIDDEN', `origin "${request.headers.origin}" may not ask here`));
  });
  // Before anything is read or asked.
  router.post('/sign-in', async (request, response, next) => {
    const seconds = gate.secondsLeft(originOf(request, trustProxy).address);
    if (seconds === undefined) return next();
    if (await gate.hold()) sayFault(response, tooManyTries(seconds));
    else request.socket.destroy();
  });
  // A page of elsewhere cannot send this type without asking first, which is never allowed.
  router.use(express.json({ limit: LARGEST_BODY, type: 'application/json' }));
  const post = (path: string, work: (request: Request, response: Response, body: Body) => Promise<void>) =>
    router.post(path, async (request, response) => {
      await answered(request, response, options, async () => {
        await work(request, response, new Body(request.body));
        return {};
      });
    });

  post('/sign-in', async (request, response, body) => {
    const given = { email: body.text('email'), password: body.text('password') };
    const deed = { action: 'SIGN_IN', kind: 'account', detail: { method: 'PASSWORD' } } as const;
    const whose = { email: given.email };
    // A session that is not written down is nobody's: its secret is not given away.
    const secret = await coming.tell(request, response, deed, whose, async (db, tell) => {
      const session = await signIn({ db, gate }, given, browserOf(request));
      await tell({ sessionId: session.id });
      return session.secret;
    });
    await begin(request, response, secret);
  });
  post('/sign-out', async (request, response) => {
    const session = await sessionOf(request);
    if (session)
      await coming.tell(
        request,
        response,
        { action: 'SIGN_OUT' },
        whoseSession(session),
        async (db, tell) => {
          await tell();
          await revokeSession(db, session);
        },
      );
    giveSession(request, response, trustProxy, null);
  });
  post('/team', async (request, _response, body) => {
    const { id } = await signedIn(request);
    const key = body.text('team');
    if (!(await chooseTeam(db, id, key)))
      throw fault('NOT_FOUND', `unknown team "${key}": choose one that you are a member of`);
  });
  post('/invitation', async (request, response, body) => {
    const secret = body.text('secret');
    const deed = { action: 'TAKE_INVITATION', kind: 'invitation' } as const;
    if (!body.has('password')) {
      const session = await signedIn(request);
      return coming.tell(request, response, deed, whoseSession(session), async (db, tell) => {
        const { id, teamId, role } = await join(db, secret, session);
        await tell({ teamId }, { id, detail: { role } });
      });
    }
    const [name, email, password] = [body.text('name'), body.text('email'), body.text('password')];
    const given = { secret, name, email, password };
    const begun = await coming.tell(request, response, deed, {}, async (db, tell) => {
      const { id, teamId, role, session } = await accept(db, given, browserOf(request));
      await tell({ teamId, email }, { id, detail: { role } });
      return session;
    });
    await begin(request, response, begun);
  });
  post('/password', async (request, response, body) => {
    const password = body.text('password');
    const deed = (by: 'LINK' | 'PASSWORD') =>
      ({ action: 'SET_PASSWORD', kind: 'account', detail: { by } }) as const;
    if (body.has('secret'))
      return coming.tell(request, response, deed('LINK'), {}, async (db, tell) =>
        tell({ accountId: await setByLink(db, body.text('secret'), password) }),
      );
    const session = await signedIn(request);
    const given = { old: body.text('old'), password };
    await coming.tell(request, response, deed('PASSWORD'), whoseSession(session), async (db, tell) => {
      await setByOld({ db, gate }, session, given, browserOf(request));
      await tell();
    });
  });

  // A secret in an address would stand in the logs of every proxy.
  router.post('/invitation/look', async (request, response) => {
    await answered(request, response, options, async () => {
      const secret = new Body(request.body).text('secret');
      const { team, role, email, name, expiresAt } = await invitationOf(db, secret);
      return { team, role, email, name, expiresAt: expiresAt.toISOString() };
    });
  });
  router.get('/ways', async (request, response) => {
    await answered(request, response, options, async () => ({
      password: true,
      oidc: oidc ? { name: oidc.name } : null,
      signedIn: (await sessionOf(request)) !== undefined,
    }));
  });
  if (oidc) router.use('/oidc', oidcRoutes({ ...options, oidc }, begin, browserOf, coming));
  router.use((_request, response) =>
    sayFault(response, fault('NOT_FOUND', 'there is nothing of this name under /auth')),
  );
  router.use((error: { status?: number }, request: Request, response: Response, _next: () => void) => {
    // What could not be read is never logged: it may have a password in it.
    const unread = (error.status ?? 500) < 500;
    if (unread) sayFault(response, fault('BAD_INPUT', 'the body is no JSON, or too large'));
    else failed(request, response, options.logger, error);
  });
  return router;
}

/** Texts of a request, by name. */
class Body {
  readonly #given: Record<string, unknown>;
  constructor(given: unknown) {
    this.#given = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
  }
  has(name: string): boolean {
    return this.#given[name] !== undefined;
  }
  /** Errors name what is missing and never its value: it may be a secret. */
  text(name: string): string {
    const value = this.#given[name];
    if (typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT && !value.includes('\0'))
      return value;
    throw fault('BAD_INPUT', `invalid ${name}: give a text of 1 to ${LONGEST_TEXT} characters`);
  }
}

async function answered(
  request: Request,
  response: Response,
  { logger }: SessionOptions,
  work: () => Promise<object>,
): Promise<void> {
  try {
    response.json(await work());
  } catch (error) {
    if (error instanceof GraphQLError) sayFault(response, error);
    else failed(request, response, logger, error);
  }
}

function sayFault(response: Response, { message, extensions }: GraphQLError): void {
  const { code, retryAfter } = extensions as { code: Code; retryAfter?: number };
  if (retryAfter !== undefined) response.setHeader('Retry-After', String(retryAfter));
  response
    .status(CODES[code])
    .json({ error: { code, message, ...(retryAfter === undefined ? {} : { retryAfter }) } });
}

function failed(_request: Request, response: Response, logger: Logger, err: unknown): void {
  const { requestId } = response.locals;
  logger.error({ err, requestId }, 'a request failed');
  if (response.headersSent) return void response.destroy();
  response.status(CODES.INTERNAL).json({
    error: { code: 'INTERNAL', message: `internal error; the log has it under ${requestId}` },
  });
}
