export type ProblemCode =
  | 'INVALID_URL'
  | 'UNREACHABLE'
  | 'REFUSED'
  | 'MISSING_DATABASE'
  | 'MISSING_ROLE'
  | 'MISSING_PRIVILEGE'
  | 'MISSING_MIGRATION'
  | 'UNSUPPORTED_SERVER'
  | 'UNKNOWN_MIGRATION'
  | 'CHANGED_MIGRATION'
  | 'FAILED_MIGRATION'
  | 'INVALID_BACKUP'
  | 'NEWER_BACKUP'
  | 'OLDER_BACKUP'
  | 'NOT_EMPTY'
  | 'FAILED_RESTORE'
  | 'HOME_IN_USE'
  | 'HOME_UNUSABLE'
  | 'DISK_FULL'
  | 'MISSING_BINARIES'
  | 'MISSING_USER'
  | 'START_FAILED';

/** Something about the database that a person has to put right: one sentence, with the value and the way out. */
export class DatabaseProblem extends Error {
  readonly code: ProblemCode;
  constructor(code: ProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DatabaseProblem';
    this.code = code;
  }
}

interface PgError {
  code?: string;
  message: string;
}

/** `url` without its password, for messages. */
export function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:…@');
}

/** Says a failed connection in one sentence; anything that is not about connecting is given back as it was. */
export function connectionProblem(error: unknown, url: string): unknown {
  if (error instanceof DatabaseProblem) return error;
  const { code, message } = (error ?? {}) as PgError;
  const where = withoutPassword(url);
  const problem = (kind: ProblemCode, text: string) => new DatabaseProblem(kind, text, { cause: error });
  switch (code) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOENT':
    case '57P01':
    case '57P03':
      return problem(
        'UNREACHABLE',
        `unreachable PostgreSQL at ${where} (${code}): start it, or correct DATABASE_URL, or unset it to use the embedded one`,
      );
    case '28P01':
    case '28000':
      return problem(
        'REFUSED',
        `invalid user or password in DATABASE_URL ${where}: PostgreSQL says "${message}"`,
      );
    case '3D000':
      return problem(
        'MISSING_DATABASE',
        `missing database of DATABASE_URL ${where}: create it with CREATE DATABASE`,
      );
    case '22023':
    case '42704':
      if (!/role/.test(message)) return error;
      return problem(
        'MISSING_ROLE',
        `missing role smallbatch_app at ${where}: apply the migrations first (npx smallbatch up does it)`,
      );
    case '42501':
      if (!/role/.test(message)) return error;
      return problem(
        'MISSING_PRIVILEGE',
        `missing privilege at ${where}: ${message}; let a superuser run GRANT smallbatch_app TO the user of DATABASE_URL`,
      );
    default:
      return /timeout|terminated unexpectedly/i.test(message ?? '')
        ? problem('UNREACHABLE', `unreachable PostgreSQL at ${where}: ${message}`)
        : error;
  }
}
