import { randomBytes } from 'node:crypto';
import { createSession, signInByIdentity } from '@smallbatch/db';
import { type Request, type Response, Router } from 'express';
import type { Coming } from '../audit/coming.ts';
import { fault } from '../errors.ts';
import { flowOf, grantOf, type Oidc, Provider, safePath } from './oidc.ts';
import { originOf, readCookie, writeCookie } from './request.ts';
import type { SessionOptions } from './routes.ts';
import type { Browser } from './sign-in.ts';

/** Seconds that somebody has for the provider's pages. */
const SECONDS = 600;
const CALLBACK = '/auth/oidc/callback';

/** `/auth/oidc/start` leads to the provider, `/auth/oidc/callback` back: into the page that was asked for, or to /sign-in with why not. */
export function oidcRoutes(
  { db, trustProxy, oidc, logger }: SessionOptions & { readonly oidc: Oidc },
  begin: (request: Request, response: Response, secret: string) => Promise<void>,
  browserOf: (request: Request) => Browser,
  coming: Coming,
): Router {
  const router = Router();
  const provider = new Provider(oidc);
  const baseOf = (request: Request): string => {
    const { tls, host } = originOf(request, trustProxy);
    return `${tls ? 'https' : 'http'}://${host}`;
  };
  const keep = (request: Request, response: Response, value: string, seconds: number) =>
    writeCookie(response, 'smallbatch_oidc', originOf(request, trustProxy).tls, value, seconds);
  const refuse = (response: Response, why: 'OIDC_REFUSED' | 'OIDC_FAILED', to: string) =>
    response.redirect(`/sign-in?${new URLSearchParams({ error: why, to })}`);
  const failed = (response: Response, error: unknown, to: string) => {
    // Its causes have requests and tokens in them.
    const { name, message, code } = error as Error & { code?: string };
    const { requestId } = response.locals;
    logger.warn({ name, message, code, requestId }, 'a sign-in by the provider failed');
    refuse(response, 'OIDC_FAILED', to);
  };

  router.get('/start', async (request, response) => {
    const to = safePath(request.query.to);
    const secret = randomBytes(32).toString('base64url');
    try {
      const page = await provider.begin(flowOf(secret, to), baseOf(request) + CALLBACK);
      keep(request, response, `${secret}.${Buffer.from(to).toString('base64url')}`, SECONDS);
      response.redirect(page.href);
    } catch (error) {
      failed(response, error, to);
    }
  });

  router.get('/callback', async (request, response) => {
    const { tls } = originOf(request, trustProxy);
    const [secret, path = ''] = (readCookie(request.headers.cookie, 'smallbatch_oidc', tls) ?? '').split('.');
    const to = safePath(Buffer.from(path, 'base64url').toString());
    // It is good for one return.
    keep(request, response, '', 0);
    try {
      if (!secret) throw new Error('no sign-in was begun in this browser, or it took too long');
      const url = new URL(request.originalUrl, baseOf(request));
      const who = await provider.finish(flowOf(secret, to), url);
      const signedIn = await signInByIdentity(db, who, grantOf(oidc, who));
      if (signedIn.kind === 'unknownTeam')
        throw new Error(`unknown team "${oidc.team}": correct SMALLBATCH_OIDC_TEAM`);
      const deed = { action: 'SIGN_IN', kind: 'account', detail: { method: 'OIDC' } } as const;
      if (signedIn.kind === 'refused') {
        const why = fault('FORBIDDEN', 'the provider knows them, and nobody has let them in');
        await coming.refuse(request, response, deed, {}, why);
        return void refuse(response, 'OIDC_REFUSED', to);
      }
      const { accountId } = signedIn;
      const session = { accountId, teamId: null, method: 'OIDC', ...browserOf(request) } as const;
      const begun = await coming.tell(request, response, deed, { accountId }, async (db, tell) => {
        const made = await createSession(db.pool, session);
        await tell({ sessionId: made.id });
        return made.secret;
      });
      await begin(request, response, begun);
      response.redirect(to);
    } catch (error) {
      failed(response, error, to);
    }
  });
  return router;
}
