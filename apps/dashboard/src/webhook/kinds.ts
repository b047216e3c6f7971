import type { SchemaType } from '../shell/client';

export type WebhookKind = SchemaType<'WebhookKind'>;

/** What a webhook can be told of, as people choose it. */
export const KINDS: readonly { readonly kind: WebhookKind; readonly name: string }[] = [
  { kind: 'SWEEP_ENDED', name: 'a sweep that ended' },
  { kind: 'SWEEP_FAILED', name: 'a sweep that ended with failed runs' },
  { kind: 'SWEEP_STUCK', name: 'a sweep that is stuck' },
  { kind: 'WORKER_LOST', name: 'a lost worker' },
  { kind: 'MENTIONED', name: 'a member who is named in a note' },
];
/** Null: a test. */
export const kindWords = (kind: WebhookKind | null): string =>
  KINDS.find((one) => one.kind === kind)?.name ?? 'a test';
