import { anyoneCanSignIn, type Db, ensureLocalOwner, type LocalOwner, PEOPLE } from '@smallbatch/db';
import type { Logger } from 'pino';

/** Whom a request acts for that says nothing of who asks. */
export interface LocalOwners {
  owner(): LocalOwner | undefined;
  stop(): Promise<void>;
}

export const NO_LOCAL_OWNER: LocalOwners = { owner: () => undefined, stop: async () => {} };

/**
 * On loopback, where nobody can sign in yet, the one local owner. PostgreSQL tells when that changes, in whichever process, so that no
 * request has to ask; while it cannot be known there is no owner.
 */
export async function watchLocalOwner(db: Db, logger: Logger): Promise<LocalOwners> {
  let owner: LocalOwner | undefined;
  const look = async (): Promise<void> => {
    owner = (await anyoneCanSignIn(db)) ? undefined : await ensureLocalOwner(db);
  };
  let looking: Promise<void> = Promise.resolve();
  const unlisten = await db.listen(PEOPLE, () => {
    looking = looking.then(look).catch((err) => {
      owner = undefined;
      logger.error({ err }, 'it is not known whether anybody can sign in: the local owner may do nothing');
    });
  });
  await look();
  return {
    owner: () => owner,
    async stop() {
      await unlisten();
      await looking;
    },
  };
}
