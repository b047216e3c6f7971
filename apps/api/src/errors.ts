import { isUnfitValue, stopReason } from '@smallbatch/db';
import { GraphQLError } from 'graphql';

/** Codes that a client may rely on. Expected outcomes are typed results, not errors; these are faults of a request. */
export const CODES = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_INPUT: 400,
  NOT_FOUND: 404,
  BAD_CURSOR: 400,
  CURSOR_EXPIRED: 410,
  PAGE_TOO_LARGE: 400,
  QUERY_TOO_COMPLEX: 400,
  TOO_MANY_POINTS: 400,
  EXPORTS_BUSY: 503,
  TOO_MANY_SUBSCRIPTIONS: 429,
  RATE_LIMITED: 429,
  TIMEOUT: 504,
  INTERNAL: 500,
} as const;
export type Code = keyof typeof CODES;

/** What each code says, and what to do: a table of docs/graphql.md. */
export const MEANINGS: Readonly<Record<Code, string>> = {
  UNAUTHENTICATED:
    'No token or session, or one that is wrong, revoked or over. Send `Authorization: Bearer TOKEN`, or sign in.',
  FORBIDDEN:
    'The token, or the role of who is signed in, may not do this, or the page that asks is of another origin.',
  BAD_INPUT:
    'A value cannot be used, or the body is no request. The message names the value and what would be right.',
  BAD_CURSOR: 'A cursor that this list, in this order, has not returned.',
  PAGE_TOO_LARGE: 'More at once than a page may have. Take the next page with its cursor.',
  QUERY_TOO_COMPLEX:
    'The document is over a limit (`serverInfo.limits`); nothing was executed. Ask for less, or in several requests.',
  TOO_MANY_POINTS: 'The curves have more points than an answer may have. Ask for `maxPoints`, or fewer runs.',
  EXPORTS_BUSY: 'As many exports run as the server allows. Try again after `Retry-After` seconds.',
  NOT_FOUND: 'There is no such thing in this team.',
  CURSOR_EXPIRED: 'What follows the cursor is not kept any more. Begin anew without one.',
  RATE_LIMITED: 'Too many tries. Try again after `Retry-After` seconds.',
  TOO_MANY_SUBSCRIPTIONS: 'The connection has as many subscriptions as it may. End one, or open another.',
  TIMEOUT:
    'The database took too long and was stopped. Ask for less at once; a query may be sent again, a change took no effect.',
  INTERNAL: 'A fault of the server. The message has the id under which its log tells more.',
};

/** Codes of documents and variables that do not fit the schema: names that GraphQL servers share. */
export const LIBRARY_MEANINGS = {
  GRAPHQL_PARSE_FAILED: 'The document is not GraphQL.',
  GRAPHQL_VALIDATION_FAILED: 'The document does not fit the schema.',
  BAD_USER_INPUT: 'The variables do not fit what the document declares.',
  OPERATION_RESOLUTION_FAILURE: 'The document has several operations, and none of that name.',
  BAD_REQUEST: 'The headers of the request ask for something that GraphQL over HTTP does not have.',
} as const;

/** A fault of the request: its message reaches the client as it is. Anything else is masked and logged. */
export function fault(code: Code, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

/** No message is longer: values of a request are quoted in many. */
const MESSAGE = 500;
const short = (message: string): string =>
  message.length > MESSAGE ? `${message.slice(0, MESSAGE)}…` : message;

export interface Shown {
  message: string;
  path?: readonly (string | number)[];
  locations?: readonly { line: number; column: number }[];
  extensions: Record<string, unknown>;
}

/**
 * An error as a client sees it. Faults of the request keep their code and message; everything else is masked, and given to
 * `log`, which answers an id to find it by.
 */
export function shown(error: unknown, log: (error: unknown, path: Shown['path']) => string): Shown {
  const graphql = error instanceof GraphQLError ? error : undefined;
  const original = graphql?.originalError ?? (graphql ? undefined : error);
  const path = graphql?.path ? { path: graphql.path } : {};
  const stopped = stopReason(original ?? error);
  if (stopped) {
    const message =
      stopped === 'TIMEOUT'
        ? 'the database took too long and was stopped: ask for less at once, by a narrower filter or shorter pages'
        : 'stopped, as nobody waits for the answer any more';
    return { message, ...path, extensions: { code: 'TIMEOUT' } };
  }
  if (isUnfitValue(original)) {
    const message =
      'a value of this request is more than the database can hold or compare with: a number out of range, or a text that is none';
    return { message, ...path, extensions: { code: 'BAD_INPUT' } };
  }
  const given = graphql?.extensions.code ?? (graphql && codeOf(graphql));
  const code = typeof given === 'string' ? given : '';
  if (graphql && code !== 'INTERNAL' && (code in CODES || code in LIBRARY_MEANINGS)) {
    const { stacktrace: _hidden, http: _head, ...extensions } = graphql.extensions;
    const { locations } = graphql;
    return {
      message: short(graphql.message),
      ...(locations ? { locations } : {}),
      ...path,
      extensions: { ...extensions, code },
    };
  }
  const errorId = log(original ?? error, graphql?.path);
  return {
    message: `internal error; the log has it under ${errorId}`,
    ...path,
    extensions: { code: 'INTERNAL', errorId },
  };
}

/** GraphQL's own errors of variables have no code; they are known by where they stand. */
const codeOf = ({ nodes, path, message }: GraphQLError): string | undefined =>
  !path &&
  (nodes?.[0]?.kind === 'VariableDefinition' || message.startsWith('Too many errors processing variables'))
    ? 'BAD_USER_INPUT'
    : undefined;
