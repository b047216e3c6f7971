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
  INTERNAL: 500,
} as const;
export type Code = keyof typeof CODES;

/** A fault of the request: its message reaches the client as it is. Anything else is masked and logged. */
export function fault(code: Code, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}
