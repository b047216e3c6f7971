import type { IncomingMessage } from 'node:http';
import { type Db, type FoundSession, findSession, findSessionAgain, findToken } from '@smallbatch/db';
import type { Viewer } from '../can.ts';
import { ROLE_SCOPES } from '../rights.ts';
import type { LocalOwners } from './local-owner.ts';
import { originOf, readCookie } from './request.ts';

/** What a request says of who asks. */
export interface Asker {
  readonly authorization: string | undefined;
  /** Secret of a session. */
  readonly secret: string | undefined;
  /** Key of the team to act for. */
  readonly team: string | undefined;
  /** Whether a page of ours asks itself, so that it gets what the answer sets. */
  readonly page: boolean;
  /** Of a connection that stays: the session that its secret was of. */
  readonly sessionId?: string;
}

/** Who asks, as an HTTP request says it. */
export function askerOf(request: IncomingMessage, trustProxy: boolean): Asker {
  const { authorization, cookie, origin, 'x-smallbatch-team': team } = request.headers;
  return {
    authorization,
    secret: readCookie(cookie, 'smallbatch_session', originOf(request, trustProxy).tls),
    team: team === undefined ? undefined : String(team),
    // A browser says the origin with each POST. The dashboard, which asks for a page that it renders, does not, and would lose the cookie.
    page: origin !== undefined,
  };
}

/** Hears what becomes of the cookie of the session: its next secret, or null where it is of no use. */
export type OnRotated = (secret: string | null) => void;

export interface Viewers {
  /** Who asks: a token's member, a session's member, or the local owner. A wrong token or session is never the owner. */
  viewerOf(asker: Asker, onRotated?: OnRotated): Promise<Viewer | undefined>;
  /** The session of who asks, also where it acts for no team. */
  sessionOf(asker: Asker): Promise<FoundSession | undefined>;
}

export function makeViewers(db: Db, localOwners: LocalOwners): Viewers {
  const sessionOf = (
    { secret, team, sessionId, page }: Asker,
    rotate: boolean,
  ): Promise<FoundSession | undefined> => {
    if (sessionId !== undefined) return findSessionAgain(db, sessionId, team);
    return secret === undefined
      ? Promise.resolve(undefined)
      : findSession(db, secret, { team, rotate: rotate && page });
  };
  return {
    sessionOf: (asker) => sessionOf(asker, false),
    async viewerOf(asker, onRotated) {
      if (asker.authorization) {
        const secret = /^Bearer (.+)$/i.exec(asker.authorization)?.[1];
        const token = secret && (await findToken(db, secret.trim()));
        if (!token) return undefined;
        const { id: tokenId, scopes, ...who } = token;
        const allowed = ROLE_SCOPES[token.role];
        return { ...who, tokenId, scopes: scopes.filter((scope) => allowed.includes(scope)) };
      }
      if (asker.secret !== undefined || asker.sessionId !== undefined) {
        const session = await sessionOf(asker, onRotated !== undefined);
        if (session?.secret) onRotated?.(session.secret);
        // Where nobody can sign in, it is left over of another server at this host, and would keep the owner out for good.
        if (!session && localOwners.owner()) onRotated?.(null);
        if (!session?.member) return undefined;
        const { id: sessionId, accountId, member } = session;
        return { ...member, accountId, sessionId, scopes: ROLE_SCOPES[member.role] };
      }
      const owner = localOwners.owner();
      return owner && { ...owner, role: 'OWNER', scopes: ROLE_SCOPES.OWNER };
    },
  };
}
