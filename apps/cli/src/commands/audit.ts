import { graphql, type ResultOf, type VariablesOf } from '@smallbatch/client';
import {
  AUDIT_ACTIONS,
  AUDIT_DAYS,
  type AuditAction,
  auditPage,
  countAudit,
  purgeAudit,
  teamOfKey,
} from '@smallbatch/db';
import { Command, InvalidArgumentError, Option } from 'commander';
import { connect } from '../api.ts';
import { withDatabase } from '../database.ts';
import { asOwner, tellOperator } from '../operator.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';
import { listOf, type ReadOptions, wholeNumber, withFormat } from './options.ts';

const Audit = graphql(`
  query Audit($by: String, $action: [AuditAction!], $outcome: AuditOutcome, $since: DateTime, $until: DateTime, $first: Int, $after: String) {
    audit(by: $by, action: $action, outcome: $outcome, since: $since, until: $until, first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { at who via token session address agent action outcome kind key count detail requestId }
    }
  }
`);
type Entry = Omit<ResultOf<typeof Audit>['audit']['nodes'][number], 'at' | 'detail'> & {
  readonly at: unknown;
  readonly detail: unknown;
  readonly team?: string | null;
};

interface Options extends ReadOptions {
  readonly by?: string;
  readonly action?: AuditAction[];
  readonly outcome?: 'DONE' | 'REFUSED';
  readonly since?: Date;
  readonly until?: Date;
  readonly limit: number;
  readonly database?: boolean;
  readonly home?: string;
  readonly team?: string;
}

const PAGE = 100;
const columns: Column<Entry>[] = [
  {
    name: 'at',
    value: ({ at }) => (at instanceof Date ? at.toISOString() : String(at)),
    show: (at) => String(at).slice(0, 19).replace('T', ' '),
  },
  { name: 'who', value: ({ who }) => who },
  { name: 'via', value: ({ via }) => via, show: (via) => String(via).toLowerCase() },
  { name: 'token', value: ({ token }) => token },
  { name: 'action', value: ({ action }) => action, show: (action) => words(String(action)) },
  { name: 'outcome', value: ({ outcome }) => outcome, show: (outcome) => String(outcome).toLowerCase() },
  { name: 'kind', value: ({ kind }) => kind },
  { name: 'key', value: ({ key }) => key },
  { name: 'count', value: ({ count }) => count },
  { name: 'address', value: ({ address }) => address },
  {
    name: 'detail',
    value: ({ detail }) => JSON.stringify(detail),
    show: (text) => (text === '{}' ? '' : String(text)),
  },
];
const more: Column<Entry>[] = [
  { name: 'agent', value: ({ agent }) => agent },
  { name: 'session', value: ({ session }) => session },
  { name: 'requestId', value: ({ requestId }) => requestId },
];
const team: Column<Entry> = { name: 'team', value: (entry) => entry.team ?? null };
const words = (action: string): string => action.toLowerCase().replaceAll('_', ' ');

export function auditCommand(): Command {
  const audit = new Command('audit').description('What was done: by whom, when, from where. For owners.');
  const list = audit
    .command('list', { isDefault: true })
    .description('Entries, the newest first; with --database of all teams, and of none.')
    .option('--by <key>', 'only by this member')
    .option('--action <actions>', 'only these, such as sign_in,delete_runs', listOf(readAction))
    .addOption(
      new Option('--outcome <outcome>', 'only what was done, or refused')
        .choices(['done', 'refused'])
        .argParser(readOutcome),
    )
    .option('--since <when>', 'from then on: a date such as 2027-01-31, or days such as 7d', readMoment)
    .option('--until <when>', 'before then', readMoment)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 100_000), 50)
    .option('--database', 'in the database itself, without the API')
    .option(
      '--home <dir>',
      'with --database: the home of the database (default: SMALLBATCH_HOME, else .smallbatch)',
    )
    .option('--team <key>', 'with --database: only of this team');
  withFormat(list).action(show);
  audit
    .command('purge')
    .description('Drop entries that are older than so many days, in the database itself: the server may not.')
    .option('--days <days>', 'how many days are kept', wholeNumber(1, 36_500), AUDIT_DAYS)
    .option('--home <dir>', 'the home of the database (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(purge);
  return audit;
}

async function show(options: Options): Promise<void> {
  if (!options.database && (options.home !== undefined || options.team !== undefined))
    throw new Problem('--home and --team go with --database: the API has the team of SMALLBATCH_TOKEN', 2);
  const { entries, total } = options.database ? await fromDatabase(options) : await fromApi(options);
  const all = options.format === 'table' ? columns : [...columns, ...more];
  print(options.database ? [team, ...all] : all, entries, options.format);
  if (entries.length < total)
    note(`${entries.length} of ${total}: ask for more with --limit, or for fewer with --since`);
}

async function fromApi(options: Options): Promise<{ entries: Entry[]; total: number }> {
  const { by = null, action = null, outcome = null, since, until, limit } = options;
  const client = connect(options);
  const entries: Entry[] = [];
  let after: string | null = null;
  for (;;) {
    const variables: VariablesOf<typeof Audit> = {
      by,
      action,
      outcome,
      since: since?.toISOString() ?? null,
      until: until?.toISOString() ?? null,
      first: Math.min(PAGE, limit - entries.length),
      after,
    };
    const { audit }: ResultOf<typeof Audit> = await client.query(Audit, variables);
    entries.push(...audit.nodes);
    after = audit.pageInfo.endCursor;
    if (!audit.pageInfo.hasNextPage || entries.length >= limit) return { entries, total: audit.totalCount };
  }
}

const fromDatabase = (options: Options): Promise<{ entries: Entry[]; total: number }> =>
  withDatabase({ ...(options.home ? { home: options.home } : {}), make: false }, (url) =>
    asOwner(url, async (db) => {
      const found = options.team === undefined ? undefined : await teamOfKey(db, options.team);
      if (options.team !== undefined && !found) throw new Problem(`unknown team "${plain(options.team)}"`);
      const query = { ...options, teamId: found?.id ?? null };
      const rows = await auditPage(db, { ...query, count: options.limit });
      const entries = rows
        .slice(0, options.limit)
        .map(({ sessionId, kind, ...row }): Entry => ({ ...row, kind, session: sessionId }));
      return { entries, total: await countAudit(db, query) };
    }),
  );

async function purge({ days, home }: { days: number; home?: string }): Promise<void> {
  const gone = await withDatabase({ ...(home ? { home } : {}), make: false }, (url) =>
    asOwner(url, (db) =>
      tellOperator(db, undefined, async (db, tell) => {
        const count = await purgeAudit(db.pool, days);
        await tell({ action: 'PURGE_AUDIT', kind: 'database', count, detail: { days } });
        return count;
      }),
    ),
  );
  note(`dropped ${gone} entries that were older than ${days} days`);
}

function readAction(text: string): AuditAction {
  const action = AUDIT_ACTIONS.find((one) => one === text.toUpperCase().replaceAll('-', '_'));
  if (action) return action;
  throw new InvalidArgumentError(
    `one of ${AUDIT_ACTIONS.map((one) => one.toLowerCase()).join(', ')} is allowed.`,
  );
}

function readOutcome(text: string): 'DONE' | 'REFUSED' {
  if (text === 'done' || text === 'refused') return text === 'done' ? 'DONE' : 'REFUSED';
  throw new InvalidArgumentError('done or refused is allowed.');
}

function readMoment(text: string): Date {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  const date = days ? new Date(Date.now() - Number(days) * 86_400_000) : new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('a date such as 2027-01-31, or days such as 7d, is allowed.');
}
