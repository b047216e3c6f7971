import { graphql, useQuery } from '../shell/client';
import type { Named } from './mentions';

const NamedMembers = graphql(`query NamedMembers { members { key name } }`);
const NONE: readonly Named[] = [];

/** Who can be named in a note. */
export function useMembers(): readonly Named[] {
  const [{ data }] = useQuery({ query: NamedMembers, variables: {} });
  return data?.members ?? NONE;
}
