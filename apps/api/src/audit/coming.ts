import {
  type AuditDeed,
  type AuditWho,
  type Db,
  inOneTransaction,
  type Sql,
  writeAudit,
} from '@smallbatch/db';
import type { Request, Response } from 'express';
import { GraphQLError } from 'graphql';
import type { From } from './audited.ts';
import { onceAMinute } from './seldom.ts';

/** Whose coming or going it is, as far as that is known by its end. */
export type Whose = Pick<AuditWho, 'accountId' | 'email' | 'teamId' | 'sessionId'>;
type Told = Omit<AuditDeed, 'outcome'>;

/** Writes down how people come and go, which is no GraphQL. */
export class Coming {
  readonly #db: Db;
  readonly #fromOf: (request: Request) => From;

  constructor(db: Db, fromOf: (request: Request) => From) {
    this.#db = db;
    this.#fromOf = fromOf;
  }

  #who(request: Request, response: Response, whose: Whose): AuditWho {
    const { requestId } = response.locals as { requestId: string };
    const via = whose.sessionId === undefined ? 'NOBODY' : 'SESSION';
    return { via, ...whose, ...this.#fromOf(request), requestId };
  }

  /**
   * Does `work`, and writes it down in the same transaction. What is counted on the way stays when it fails, and so does nothing else; a
   * refusal for want of a right password or link is written down too.
   */
  async tell<T>(
    request: Request,
    response: Response,
    deed: Told,
    whose: Whose,
    work: (db: Db, tell: (known?: Whose, more?: Partial<Told>) => Promise<void>) => Promise<T>,
  ): Promise<T> {
    try {
      return await inOneTransaction(this.#db, { of: 'transactions' }, (db, sql) =>
        work(db, (known, more) =>
          this.#write(sql, request, response, { ...whose, ...known }, { ...deed, ...more, outcome: 'DONE' }),
        ),
      );
    } catch (error) {
      if (error instanceof GraphQLError) await this.refuse(request, response, deed, whose, error);
      throw error;
    }
  }

  /**
   * A wrong password is written down each time: tries are limited. Of anything else one address has an entry a minute, and what
   * somebody who is not signed in has filled in wrongly is nobody's matter.
   */
  async refuse(
    request: Request,
    response: Response,
    deed: Told,
    whose: Whose,
    error: GraphQLError,
  ): Promise<void> {
    const { code } = error.extensions;
    if (code === 'BAD_INPUT' && whose.sessionId === undefined) return;
    const { address } = this.#fromOf(request);
    if (code !== 'UNAUTHENTICATED' && !onceAMinute(`${address} ${deed.action} ${code}`)) return;
    const refused = { ...deed, outcome: 'REFUSED', detail: { ...deed.detail, code } } as const;
    await this.#write(this.#db.pool, request, response, whose, refused);
  }

  #write(sql: Sql, request: Request, response: Response, whose: Whose, deed: AuditDeed): Promise<void> {
    return writeAudit(sql, this.#who(request, response, whose), deed);
  }
}
