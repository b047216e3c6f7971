/**
 * What a client may ask for by name, `serverInfo { features }`, before it relies on it: things that the schema does not show.
 * Names are added, and never change their meaning.
 */
export const FEATURES = {
  'graphql-transport-ws': 'Subscriptions, and any other operation, go over WebSocket at `/graphql`.',
  'cost-extensions': 'Answers by HTTP have `extensions.cost` and `extensions.requestId`.',
  'read-timeout': 'A query that takes too long ends with the code `TIMEOUT`.',
  'cancel-on-close': 'What a query does in the database ends when its connection closes.',
  'idempotent-runs': '`createRun` with the same `idempotencyKey` makes one run, however often it is sent.',
  'exactly-once-reports': '`reportMetrics` numbers its batches: one that is sent again is written once.',
} as const;
