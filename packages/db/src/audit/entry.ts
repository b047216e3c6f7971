import type { AuditOutcome, AuditVia } from '../generated/prisma/enums.ts';
import type { Sql } from '../transaction.ts';

/** What is written down when it is done, or refused. A name that stood here once stays: old entries have it. */
export const AUDIT_ACTIONS = [
  'SIGN_IN',
  'SIGN_OUT',
  'TAKE_INVITATION',
  'SET_PASSWORD',
  'INVITE',
  'REVOKE_INVITATION',
  'CHANGE_ROLE',
  'REMOVE_MEMBER',
  'PASSWORD_LINK',
  'DISABLE_ACCOUNT',
  'ENABLE_ACCOUNT',
  'CREATE_TOKEN',
  'ROTATE_TOKEN',
  'REVOKE_TOKEN',
  'REVOKE_SESSION',
  'CREATE_SWEEP',
  'PAUSE_SWEEP',
  'RESUME_SWEEP',
  'CANCEL_SWEEP',
  'RETRY_SWEEP',
  'ADD_SEEDS',
  'LOCK_SWEEP',
  'TAG_SWEEP',
  'NOTE_SWEEP',
  'DELETE_RUN',
  'DELETE_RUNS',
  'RESTORE_RUNS',
  'RETRY_RUNS',
  'LOCK_RUNS',
  'TAG_RUNS',
  'NOTE_RUN',
  'SET_RUN_INFO',
  'ADD_DATASET',
  'SET_METRIC_GOAL',
  'SAVE_VIEW',
  'CHANGE_VIEW',
  'DELETE_VIEW',
  'ADD_WEBHOOK',
  'CHANGE_WEBHOOK',
  'ROTATE_WEBHOOK',
  'REMOVE_WEBHOOK',
  'EXPORT',
  'ASK',
  'BACKUP',
  'RESTORE',
  'PURGE_AUDIT',
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export type AuditKind =
  | 'account'
  | 'database'
  | 'dataset'
  | 'deletion'
  | 'export'
  | 'field'
  | 'invitation'
  | 'member'
  | 'metric'
  | 'run'
  | 'session'
  | 'sweep'
  | 'token'
  | 'view'
  | 'webhook';

/** Who did it, and where from. */
export interface AuditWho {
  readonly via: AuditVia;
  /** The team that it is of. Undefined: each team of the member or account; one of no team where there is neither. */
  readonly teamId?: string | undefined;
  readonly memberId?: string | undefined;
  readonly accountId?: string | undefined;
  /** An e-mail address that stands for its account. It is not kept: what somebody types there may be a password. */
  readonly email?: string | undefined;
  /** A name where no member has one: the user of the machine whose command line it is. */
  readonly name?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
  readonly requestId?: string | undefined;
}

/** What was done, to what. */
export interface AuditDeed {
  readonly action: AuditAction;
  readonly outcome: AuditOutcome;
  readonly kind?: AuditKind | undefined;
  /** Undefined where the thing's id says it: of a token, sweep, view or invitation. */
  readonly key?: string | undefined;
  readonly id?: string | undefined;
  /** How many things. */
  readonly count?: number | undefined;
  /** More of it, in few and short values: never a secret, never a text that somebody wrote. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}

const AGENT = 120;
const ADDRESS = 100;
const KEY = 300;
const DETAIL = 8000;

/** Half a character, a NUL or a control character is none that can be kept, or read. */
const kept = (text: string | undefined, most: number): string | null =>
  text === undefined
    ? null
    : [...text.slice(0, 4 * most).replace(/[\p{Cc}\p{Surrogate}]/gu, '�')].slice(0, most).join('');

/** Values that are too long are left out, and named. */
function short(detail: AuditDeed['detail']): string {
  const text = JSON.stringify(detail ?? {});
  if (text.length <= DETAIL && !/\\u0000|\\ud[89a-f]/i.test(text)) return text;
  const entries = Object.entries(detail ?? {});
  const fits = (value: unknown) => {
    const one = JSON.stringify(value) ?? '';
    return one.length <= 200 && !/\\u0000|\\ud[89a-f]/i.test(one);
  };
  return JSON.stringify({
    ...Object.fromEntries(entries.filter(([, value]) => fits(value))),
    leftOut: entries.filter(([, value]) => !fits(value)).map(([name]) => name),
  });
}

/** Writes an entry, by one statement; where it is in a transaction, the deed and its entry are there together or not at all. */
export async function writeAudit(sql: Sql, who: AuditWho, deed: AuditDeed): Promise<void> {
  await sql.query(
    `/* writeAudit */ INSERT INTO audit_entry (via, team_id, account_id, member_id, who, token_id, token, session_id, address, agent, request_id,
       action, outcome, kind, key, thing_id, count, detail)
     SELECT $1::"AuditVia", coalesce(g.team, m.team_id), coalesce(m.account_id, g.account), m.id, coalesce(m.key, $6::text),
       g.token, (SELECT prefix FROM token WHERE id = g.token), $8::uuid, $9::text, $10::text, $11::text,
       $12::text, $13::"AuditOutcome", g.kind, coalesce($15::text, CASE g.kind
         WHEN 'token' THEN (SELECT prefix FROM token WHERE id = g.thing)
         WHEN 'sweep' THEN (SELECT key FROM sweep WHERE id = g.thing)
         WHEN 'view' THEN (SELECT key FROM saved_view WHERE id = g.thing)
         WHEN 'invitation' THEN (SELECT coalesce(name, email) FROM invitation WHERE id = g.thing) END), g.thing, $17::int, $18::jsonb
     FROM (SELECT $2::uuid AS team, $3::uuid AS member, coalesce($4::uuid, (SELECT id FROM account WHERE lower(email) = lower($5::text))) AS account,
       $7::uuid AS token, $14::text AS kind, $16::uuid AS thing) AS g
     LEFT JOIN member m ON m.id = g.member
       OR g.member IS NULL AND m.account_id = g.account AND m.left_at IS NULL AND (g.team IS NULL OR m.team_id = g.team)`,
    [
      who.via,
      who.teamId ?? null,
      who.memberId ?? null,
      who.accountId ?? null,
      who.email ?? null,
      kept(who.name, KEY),
      who.tokenId ?? null,
      who.sessionId ?? null,
      kept(who.address, ADDRESS),
      kept(who.agent, AGENT),
      who.requestId ?? null,
      deed.action,
      deed.outcome,
      deed.kind ?? null,
      kept(deed.key, KEY),
      deed.id ?? null,
      deed.count ?? null,
      short(deed.detail),
    ],
  );
}
