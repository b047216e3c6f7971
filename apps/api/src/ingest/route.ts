import type { IncomingMessage } from 'node:http';
import type { Db } from '@smallbatch/db';
import { type Response, Router } from 'express';
import { type From, tellRefusal, whoOf } from '../audit/audited.ts';
import { can, refusal, UNKNOWN_ASKER, type Viewer } from '../can.ts';
import type { Metrics } from '../metrics.ts';
import type { ReadRecords } from './batch.ts';
import { Refusal, readBody } from './body.ts';
import { standing, takeBatches, takePart } from './ingest.ts';
import { readLines } from './ndjson.ts';
import { readPacked } from './packed.ts';

/** A browser sends neither of these without asking first, so no page of elsewhere can write here. */
const READERS: Readonly<Record<string, ReadRecords>> = {
  'application/x-ndjson': readLines,
  'application/vnd.smallbatch.columns': readPacked,
};

export interface IngestOptions {
  readonly db: Db;
  readonly viewerOf: (request: IncomingMessage) => Promise<Viewer | undefined>;
  readonly originAllowed: (request: IncomingMessage) => boolean;
  readonly metrics: Metrics;
  readonly fromOf: (request: IncomingMessage) => From;
}

/** `/ingest/points`: points in bulk, beside GraphQL's reportMetrics and with the same effect. docs/ingest.md says how it is used. */
export function ingest({ db, viewerOf, originAllowed, metrics, fromOf }: IngestOptions): Router {
  const router = Router();
  async function teamOf(request: IncomingMessage, response: Response): Promise<string> {
    if (!originAllowed(request))
      throw new Refusal(403, 'FORBIDDEN', `origin "${request.headers.origin}" may not ask here`);
    const viewer = await viewerOf(request);
    if (!viewer) throw new Refusal(401, 'UNAUTHENTICATED', UNKNOWN_ASKER);
    response.locals.viewer = viewer;
    if (!can(viewer, 'work')) {
      const who = whoOf(viewer, fromOf(request), response.locals.requestId);
      await tellRefusal(db, viewer, who, { action: 'ASK', kind: 'field', key: 'ingest' });
      throw new Refusal(403, 'FORBIDDEN', refusal(viewer, 'work', '/ingest'));
    }
    return viewer.teamId;
  }

  router.get('/ingest/points', async (request, response) => {
    await answered(request, response, async () => {
      const teamId = await teamOf(request, response);
      return standing(db.ofTeam(teamId), teamId, uploadId(request.query.upload));
    });
  });
  router.post('/ingest/points', async (request, response) => {
    await answered(request, response, async () => {
      const teamId = await teamOf(request, response);
      const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
      const read = READERS[type];
      if (!read)
        throw new Refusal(
          415,
          'UNSUPPORTED_TYPE',
          `unsupported Content-Type "${type.slice(0, 60)}": send ${Object.keys(READERS).join(' or ')}`,
        );
      const { upload, offset } = request.query;
      const part = upload === undefined ? undefined : { id: uploadId(upload), offset: offsetOf(offset) };
      const body = await readBody(request);
      const own = db.ofTeam(teamId);
      const taken = part
        ? await takePart(own, teamId, part, read, body)
        : await takeBatches(own, teamId, read, body);
      metrics.reported(taken.batches, taken.points);
      const { batches: _counted, ...told } = taken;
      return told;
    });
  });
  return router;
}

function uploadId(given: unknown): string {
  if (typeof given === 'string' && /^[\w.:-]{1,100}$/.test(given)) return given;
  throw new Refusal(
    400,
    'BAD_INPUT',
    `invalid upload ${JSON.stringify(given ?? null).slice(0, 60)}; allowed: 1 to 100 letters, digits, "_", "-", "." or ":"`,
  );
}

function offsetOf(given: unknown): number {
  const offset = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw new Refusal(
    400,
    'BAD_INPUT',
    `invalid offset ${JSON.stringify(given ?? null).slice(0, 60)}; allowed: the number of records before this part, from 0`,
  );
}

/** Answers with what `work` gives, or with its refusal as GraphQL answers its own; other faults go on, to be masked. */
async function answered(
  request: IncomingMessage,
  response: Response,
  work: () => Promise<object>,
): Promise<void> {
  try {
    response.json(await work());
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    if (!(error instanceof Refusal)) throw error;
    const { message, code, more } = error;
    const extensions = { code, requestId: response.locals.requestId, ...more };
    // What was not read of the body is let by, so that its sender comes to read this; for as long as a request may take.
    response.status(error.status).json({ errors: [{ message, extensions }] });
  }
}
