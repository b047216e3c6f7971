import { createHash } from 'node:crypto';
import { printedSchema } from '../schema.ts';
import { VERSION } from '../server-info.ts';

/** What every exported file says of itself. */
export interface About {
  /** Of Smallbatch. */
  readonly version: string;
  /** The first 16 digits of the SHA-256 of schema.graphql: which contract the names are of. */
  readonly schema: string;
  /** What was exported. */
  readonly export: string;
  readonly team: string;
  /** The moment that the data is of. */
  readonly time: string;
  /** The filter and all other parameters. */
  readonly query: Readonly<Record<string, unknown>>;
  /** Gives the same export of then. */
  readonly link: string;
}

let hash: string | undefined;
export function schemaVersion(): string {
  hash ??= createHash('sha256').update(printedSchema()).digest('hex').slice(0, 16);
  return hash;
}

export function about(given: Omit<About, 'version' | 'schema'>): About {
  return { version: VERSION, schema: schemaVersion(), ...given };
}

/** A URL of an export route that asks for the same. */
export function linkTo(base: string, name: string, query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    const leaves = Array.isArray(value) && value.every((one) => typeof one !== 'object');
    if (leaves && !String(value[0]).trimStart().startsWith('['))
      for (const one of value) search.append(key, String(one));
    else search.append(key, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  const text = search.toString();
  return `${base}/${name}${text ? `?${text}` : ''}`;
}
