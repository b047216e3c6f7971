import {
  type AuditFilter,
  type AuditKind,
  type ExportPage,
  exportAudit,
  exportPoints,
  exportRuns,
  SUMMARY_PARTS,
  type SummaryPart,
  writeAudit,
} from '@smallbatch/db';
import express, { type Request, type Response, Router } from 'express';
import {
  GraphQLBoolean,
  GraphQLEnumType,
  GraphQLError,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
} from 'graphql';
import type { Logger } from 'pino';
import { tellRefusal, whoOf } from '../audit/audited.ts';
import { readAudit } from '../audit/schema.ts';
import { allowed, can } from '../can.ts';
import type { Context } from '../context.ts';
import { CODES, type Code, fault } from '../errors.ts';
import type { Action } from '../rights.ts';
import { type RunsArguments, readRuns } from '../run/runs.ts';
import { schema } from '../schema.ts';
import { type About, about, linkTo } from './about.ts';
import { csv } from './csv.ts';
import { ndjson } from './ndjson.ts';
import { givenBy, type Parameters, readParameters, type Types } from './parameters.ts';
import { parquet } from './parquet.ts';
import { ReaderGone, readerSignal, type SendLimits, send } from './send.ts';
import { type Answerer, answerStatistics, STATISTICS_FORMATS, statisticsTypes } from './statistics.ts';

export const EXPORT_LIMITS = {
  /** Most columns of a file of runs. */
  columns: 2000,
  /** Exports that a server makes at once; each holds a connection to the database. */
  atOnce: 4,
  seconds: 1800,
  stallSeconds: 60,
  bodyBytes: 1_000_000,
} as const;
export type ExportLimits = SendLimits & { readonly columns: number; readonly atOnce: number };

export interface ExportOptions {
  readonly contextOf: (request: Request, response: Response) => Promise<Context>;
  readonly originAllowed: (request: Request) => boolean;
  readonly logger: Logger;
  readonly limits?: ExportLimits;
}

const TYPES = {
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
  ndjson: 'application/x-ndjson; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  tex: 'application/x-tex; charset=utf-8',
} as const;
export type Format = keyof typeof TYPES;

/** A parameter's type by its name in the API, so that both take the same. */
const named = (name: string) => schema.getType(name) as GraphQLInputType;
const names = new GraphQLList(new GraphQLNonNull(GraphQLString));
const summary = new GraphQLEnumType({
  name: 'SummaryPart',
  values: Object.fromEntries(SUMMARY_PARTS.map((part) => [part, {}])),
});
const RUNS: Types = {
  where: named('RunFilter'),
  orderBy: new GraphQLList(new GraphQLNonNull(named('RunOrder'))),
};

/** A request that has been read and allowed. */
interface Asked extends Parameters {
  readonly context: Context;
  readonly format: Format;
  readonly signal: AbortSignal;
  readonly limits: ExportLimits;
  readonly aboutAt: (time: Date) => About;
}
interface Made {
  readonly about: About;
  /** Rows that were handed out so far. */
  readonly rows?: () => number;
  readonly parts: AsyncGenerator<string | Uint8Array>;
}
interface Export {
  /** Who may have it. */
  readonly action: Action;
  readonly formats: readonly Format[];
  readonly types: (format: Format) => Types;
  readonly make: (asked: Asked) => Promise<Made>;
}

const runs: Export = {
  action: 'read',
  formats: ['csv', 'parquet', 'ndjson'],
  types: (format) => ({
    ...RUNS,
    metric: names,
    param: names,
    summary: new GraphQLList(new GraphQLNonNull(summary)),
    ...(format === 'csv' ? { comments: GraphQLBoolean } : {}),
  }),
  async make(asked) {
    const { context, values, format, signal, limits } = asked;
    const [metrics, params] = [values.metric, values.param] as (string[] | undefined)[];
    await checkMetrics(context, metrics);
    const made = await exportRuns(context.db, {
      ...chosen(asked),
      metrics,
      params,
      parts: values.summary as SummaryPart[] | undefined,
      signal,
      maxColumns: limits.columns,
      tooWide: (columns, metrics, params) =>
        fault(
          'BAD_INPUT',
          `too many columns: ${columns}, of ${metrics} metrics and ${params} free parameters; at most ${limits.columns}. Choose with "metric", "param" and "summary"`,
        ),
    });
    const about = asked.aboutAt(made.time);
    const twice = made.columns.find(({ name }, i) => made.columns.findIndex((one) => one.name === name) < i);
    if (twice) {
      await made.pages.return(undefined);
      throw fault('BAD_INPUT', `two columns are "${twice.name}": choose others with "metric" and "param"`);
    }
    const lacking = params?.find(
      (name) => !made.columns.some((one) => one.name.replace(/^(hyper|info)\./, '') === name),
    );
    if (lacking !== undefined) {
      await made.pages.return(undefined);
      throw fault('BAD_INPUT', `unknown param "${lacking}": no run of the filter has it`);
    }
    const { pages, rows } = counted(made.pages);
    if (format === 'parquet') return { about, rows, parts: parquet(made.columns, pages, about) };
    if (format === 'ndjson') return { about, rows, parts: ndjson(made.columns, pages, about) };
    return { about, rows, parts: csv(made.columns, pages, values.comments ? about : undefined) };
  },
};

const curves: Export = {
  action: 'read',
  formats: ['parquet', 'ndjson'],
  types: () => ({ ...RUNS, metric: names }),
  async make(asked) {
    const { context, values, format, signal } = asked;
    const metrics = values.metric as string[] | undefined;
    await checkMetrics(context, metrics);
    const made = await exportPoints(context.db, { ...chosen(asked), metrics, signal });
    const about = asked.aboutAt(made.time);
    const write = format === 'parquet' ? parquet : ndjson;
    const { pages, rows } = counted(made.pages);
    return { about, rows, parts: write(made.columns, pages, about) };
  },
};

const statistics = (field: 'aggregate' | 'pivot'): Export => ({
  action: 'read',
  formats: STATISTICS_FORMATS,
  types: (format) => statisticsTypes(field, format),
  async make(asked) {
    const about = asked.aboutAt(new Date());
    const answer: Answerer = { ...asked, about, field };
    const text = await answerStatistics(answer);
    return {
      about,
      parts: (async function* () {
        yield text;
      })(),
    };
  },
});

const audit: Export = {
  action: 'seeAudit',
  formats: ['csv', 'ndjson'],
  types: (format) => ({
    by: GraphQLString,
    action: new GraphQLList(new GraphQLNonNull(named('AuditAction'))),
    outcome: named('AuditOutcome'),
    since: named('DateTime'),
    until: named('DateTime'),
    ...(format === 'csv' ? { comments: GraphQLBoolean } : {}),
  }),
  async make({ context, values, format, signal, aboutAt }) {
    const { db, viewer } = context;
    const { columns, pages: all } = exportAudit(db, {
      ...readAudit(viewer!.teamId, values as AuditFilter),
      signal,
    });
    const about = aboutAt(new Date());
    const { pages, rows } = counted(all);
    if (format === 'ndjson') return { about, rows, parts: ndjson(columns, pages, about) };
    return { about, rows, parts: csv(columns, pages, values.comments ? about : undefined) };
  },
};

const EXPORTS: Readonly<Record<string, Export>> = {
  runs,
  curves,
  aggregate: statistics('aggregate'),
  pivot: statistics('pivot'),
  audit,
};

/** The same pages, and how many rows there were in those that were asked for. */
function counted(pages: AsyncGenerator<ExportPage>): {
  pages: AsyncGenerator<ExportPage>;
  rows: () => number;
} {
  let rows = 0;
  async function* all(): AsyncGenerator<ExportPage> {
    for await (const page of pages) {
      rows += page.count;
      yield page;
    }
  }
  return { pages: all(), rows: () => rows };
}
const NAMES = Object.entries(EXPORTS).map(([name, { formats }]) => `${name}.{${formats.join(',')}}`);

/** The runs of the request's filter, in its order. */
function chosen({ values, context }: Asked) {
  const args = { where: values.where, orderBy: values.orderBy } as RunsArguments;
  const { teamId } = context.viewer!;
  const { query } = readRuns(args, teamId, { field: 'CREATED_AT', direction: 'ASC' });
  return { teamId, where: query.where ?? null, order: query.order };
}

async function checkMetrics({ db, viewer }: Context, wanted: readonly string[] | undefined): Promise<void> {
  if (!wanted) return;
  const metrics = await db.prisma.metric.findMany({
    where: { teamId: viewer!.teamId },
    select: { name: true },
    orderBy: { name: 'asc' },
  });
  const unknown = wanted.find((name) => !metrics.some((metric) => metric.name === name));
  if (unknown === undefined) return;
  const some = metrics.slice(0, 20).map(({ name }) => name);
  const more = metrics.length > some.length ? ` and ${metrics.length - some.length} more` : '';
  throw fault(
    'BAD_INPUT',
    `unknown metric "${unknown.slice(0, 80)}": the team has ${some.join(', ') || 'none'}${more}`,
  );
}

/** `/export/…`: whole answers to a filter as files, streamed in flat memory. GET with the URL's parameters, or POST with JSON. */
export function exportRoutes({
  contextOf,
  originAllowed,
  logger,
  limits = EXPORT_LIMITS,
}: ExportOptions): Router {
  let running = 0;
  const router = Router();
  router.use(express.json({ limit: EXPORT_LIMITS.bodyBytes }));
  router.all('/:name', async (request: Request, response: Response) => {
    const { signal, done } = readerSignal(response, limits);
    let counted = false;
    try {
      if (!originAllowed(request))
        throw fault('FORBIDDEN', `origin "${request.headers.origin}" may not ask here`);
      const context = await contextOf(request, response);
      const name = String(request.params.name);
      const [what = '', format = ''] = name.split('.', 2);
      const found = Object.hasOwn(EXPORTS, what) ? EXPORTS[what] : undefined;
      await allow(context, found?.action ?? 'read', name);
      if (!found?.formats.includes(format as Format) || name !== `${what}.${format}`)
        throw fault('NOT_FOUND', `unknown export "${name.slice(0, 80)}": there are ${NAMES.join(', ')}`);
      if (request.method !== 'GET' && request.method !== 'POST')
        throw fault(
          'BAD_INPUT',
          `invalid method ${request.method}: GET with parameters in the URL, or POST with JSON`,
        );
      const search = new URL(request.originalUrl, 'http://localhost').searchParams;
      const given = givenBy(search, request.method === 'POST' ? request.body : undefined);
      const parameters = readParameters(found.types(format as Format), given);
      if (running >= limits.atOnce)
        throw fault('EXPORTS_BUSY', `${running} exports are being made, the most at once: try again soon`);
      running++;
      counted = true;
      const { key: team } = await context.db.prisma.team.findUniqueOrThrow({
        where: { id: context.viewer!.teamId },
        select: { key: true },
      });
      const base = `${request.protocol}://${request.headers.host}${request.baseUrl}`;
      const made = await found.make({
        ...parameters,
        context,
        format: format as Format,
        signal,
        limits,
        aboutAt: (time) =>
          about({
            export: name,
            team,
            time: time.toISOString(),
            query: parameters.asked,
            link: linkTo(base, name, parameters.asked),
          }),
      });
      response.setHeader('Content-Type', TYPES[format as Format]);
      response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Smallbatch-Export', header(made.about));
      const told = tellOf(context, name, parameters.asked, made);
      await send(response, told.before(made.parts), signal, limits).catch(async (error) => {
        await told.broken();
        throw error;
      });
    } catch (error) {
      answerFailure(error, response, logger);
    } finally {
      if (counted) running--;
      done();
    }
  });
  return router;
}

/** Who may have this export; a refusal is written down. */
async function allow(context: Context, action: Action, name: string): Promise<void> {
  const { db, viewer, from, requestId } = context;
  if (viewer && !can(viewer, action))
    await tellRefusal(db, viewer, whoOf(viewer, from, requestId), {
      action: 'EXPORT',
      kind: 'export',
      key: name.slice(0, 80),
    });
  allowed(viewer, action, 'an export');
}

/** Writes down who took a file, and how many rows of it. A file has its end only when that is written; one that broke off has an entry too. */
function tellOf(context: Context, key: string, asked: Readonly<Record<string, unknown>>, { rows }: Made) {
  const { db, viewer, from, requestId } = context;
  let told = false;
  const tell = (whole: boolean): Promise<void> => {
    told = true;
    const kind: AuditKind = 'export';
    const detail = { ...asked, whole };
    const deed = { action: 'EXPORT', outcome: 'DONE', kind, key, count: rows?.(), detail } as const;
    return writeAudit(db.pool, whoOf(viewer, from, requestId), deed);
  };
  return {
    async *before(parts: Made['parts']): Made['parts'] {
      yield* parts;
      await tell(true);
    },
    broken: async () => (told ? undefined : tell(false)),
  };
}

/** A header has room for 8 kB at many readers, and only for ASCII; a longer query is left to the file itself. */
function header({ query, link, ...rest }: About): string {
  const ascii = (value: unknown) =>
    JSON.stringify(value).replace(
      /[^ -~]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  const whole = ascii({ ...rest, query, link });
  return whole.length <= 6000 ? whole : ascii(rest);
}

/** Values of a request are quoted in many. */
const LONGEST_MESSAGE = 1000;

/** Before the first byte a fault is JSON with its status; after it the connection is cut. What is no fault of the request is logged. */
function answerFailure(error: unknown, response: Response, logger: Logger): void {
  const { requestId } = response.locals as { requestId: string };
  const gone = error instanceof ReaderGone;
  const code = error instanceof GraphQLError ? (error.extensions.code as Code) : undefined;
  const known = code !== undefined && code in CODES && code !== 'INTERNAL';
  if (gone) logger.info({ requestId, why: error.message }, 'an export was not read to its end');
  else if (!known || response.headersSent) logger.error({ err: error, requestId }, 'an export failed');
  if (response.headersSent || gone) return void response.destroy();
  const message = known
    ? (error as Error).message.slice(0, LONGEST_MESSAGE)
    : `internal error; the log has it under ${requestId}`;
  for (const name of ['Content-Disposition', 'Smallbatch-Export', 'Cache-Control'])
    response.removeHeader(name);
  if (code === 'EXPORTS_BUSY') response.setHeader('Retry-After', '5');
  response
    .status(known ? CODES[code] : 500)
    .json({ errors: [{ message, extensions: { code: known ? code : 'INTERNAL', requestId } }] });
}
