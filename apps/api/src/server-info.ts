import { EVENT_DAYS, POINT_LIMITS } from '@smallbatch/db';
import { AXIS_NAMES, MODELS, TRAINER_VERSION } from '@smallbatch/program';
import { sweepSchema } from '@smallbatch/search';
import { builder, MAX_PAGE } from './builder.ts';
import { MAX_POINTS } from './curve/schema.ts';
import { FEATURES } from './features.ts';
import { INGEST_BYTES, INGEST_POINTS } from './ingest/body.ts';
import { LIMITS } from './limits.ts';
import { MIN_GAP_MS } from './live/hub.ts';
import { SOCKET_LIMITS } from './live/socket.ts';
import { MAX_CELLS } from './sweep/create.ts';

export const VERSION = '0.1.0';

const ServerInfo = builder.simpleObject('ServerInfo', {
  description: 'What this server is and can do.',
  fields: (t) => ({
    version: t.string({ description: 'Of Smallbatch.' }),
    trainerVersion: t.string({ description: 'Of the trainer: a part of every configuration.' }),
    models: t.stringList({ description: 'Models that runs may train.' }),
    features: t.stringList({
      description: 'What it can do beside the schema, by names that never change their meaning.',
    }),
    limits: t.field({ type: 'JSON', description: 'Limits of requests and answers.' }),
    sweepSchema: t.field({ type: 'JSON', description: 'JSON Schema of a sweep file.' }),
    time: t.field({ type: 'DateTime', description: 'Its clock.' }),
  }),
});
builder.queryFields((t) => ({
  serverInfo: t.field({
    type: ServerInfo,
    description: 'What this server is and can do.',
    resolve: () => ({
      version: VERSION,
      trainerVersion: TRAINER_VERSION,
      models: [...MODELS],
      features: Object.keys(FEATURES),
      limits: {
        ...LIMITS,
        pageSize: MAX_PAGE,
        cellsOfASweep: MAX_CELLS,
        pointsOfAnAnswer: MAX_POINTS,
        daysOfEvents: EVENT_DAYS,
        messagesASecond: 1000 / MIN_GAP_MS,
        subscriptionsOfAConnection: SOCKET_LIMITS.subscriptions,
        ...POINT_LIMITS,
        ingestBytes: INGEST_BYTES,
        ingestPoints: INGEST_POINTS,
      },
      sweepSchema: sweepSchema(AXIS_NAMES),
      time: new Date(),
    }),
  }),
}));
