import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { INVITATION_DAYS, PASSWORD_LINK_HOURS, POINT_LIMITS, SESSION_DAYS, TRY_LIMITS } from '@smallbatch/db';
import { expect, test } from 'vitest';
import { MAX_PAGE } from '../../apps/api/src/builder.ts';
import { MAX_POINTS } from '../../apps/api/src/curve/schema.ts';
import { EXPORT_LIMITS } from '../../apps/api/src/export/routes.ts';
import { REQUEST_LIMITS } from '../../apps/api/src/guarding.ts';
import { INGEST_BYTES, INGEST_POINTS } from '../../apps/api/src/ingest/body.ts';
import { LIMITS } from '../../apps/api/src/limits.ts';
import { SOCKET_LIMITS } from '../../apps/api/src/live/socket.ts';
import { SIGN_IN_LIMITS } from '../../apps/api/src/session/sign-in-gate.ts';
import { MAX_CELLS } from '../../apps/api/src/sweep/create.ts';

const n = (value: number): string => value.toLocaleString('en');

const TOLD: readonly (readonly [what: string, least: string])[] = [
  ['body of a GraphQL request, message of a WebSocket', `${n(LIMITS.bodyBytes)} bytes`],
  ['tokens of a document', n(LIMITS.tokens)],
  ['depth of a query', n(LIMITS.depth)],
  ['aliases, root fields, directives', `${LIMITS.aliases}, ${LIMITS.rootFields}, ${LIMITS.directives}`],
  ['cost of a query (`serverInfo.limits`)', n(LIMITS.cost)],
  ['things of a page', n(MAX_PAGE)],
  ['points of an answer', n(MAX_POINTS)],
  ['cells of a sweep', n(MAX_CELLS)],
  [
    'metrics of a run, points of a metric',
    `${n(POINT_LIMITS.metricsOfARun)}, ${n(POINT_LIMITS.pointsOfAMetric)}`,
  ],
  ['time of a query', '30 s (`SMALLBATCH_READ_SECONDS`)'],
  [
    'time to send the headers of a request, all of it',
    `${REQUEST_LIMITS.headersMs / 1000} s, ${REQUEST_LIMITS.requestMs / 1000} s`,
  ],
  ['headers of a request', `${n(REQUEST_LIMITS.headers)}, ${n(REQUEST_LIMITS.headerBytes)} bytes`],
  ['part of an upload to `/ingest`', `${n(INGEST_BYTES)} bytes, ${n(INGEST_POINTS)} points`],
  ['exports at once, time of one', `${EXPORT_LIMITS.atOnce}, ${n(EXPORT_LIMITS.seconds)} s`],
  ['subscriptions of a WebSocket', n(SOCKET_LIMITS.subscriptions)],
  [
    'bytes, time that wait for a slow WebSocket',
    `${n(SOCKET_LIMITS.waitingBytes)}, ${SOCKET_LIMITS.waitingMs / 1000} s`,
  ],
  ['a WebSocket on which nothing is asked', `${SOCKET_LIMITS.idleMs / 1000} s`],
  [
    'tries of passwords: for an e-mail address, from a network address',
    `${TRY_LIMITS.email}, ${TRY_LIMITS.address} in ${TRY_LIMITS.seconds} s`,
  ],
  ['sign-ins of a network address at once', n(SIGN_IN_LIMITS.atOnce)],
  [
    'a session, an invitation, a link for a password',
    `${SESSION_DAYS} days, ${INVITATION_DAYS} days, ${PASSWORD_LINK_HOURS} h`,
  ],
];

test('docs/operating.md tells the limits that the code has', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');
  const section = /## Limits\n([\s\S]*?)\n## /.exec(page)![1]!;
  const rows = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)].map(([, what, least]) => [what, least]);
  expect(rows.filter(([what]) => what !== 'what' && !what!.startsWith('-'))).toEqual(TOLD);
});
