import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './generated/introspection.ts';

/** `graphql("query …")` is checked against schema.graphql and carries the types of its variables and result. */
export const graphql = initGraphQLTada<{
  introspection: typeof introspection;
  disableMasking: true;
  scalars: { DateTime: string; JSON: unknown; SafeInt: number; ID: string };
}>();
export type { ResultOf, VariablesOf } from 'gql.tada';
/** An enum, scalar or input object of the schema as a type: `SchemaType<'RunFilter'>`. */
export type SchemaType<Name extends Parameters<typeof graphql.scalar>[0]> = ReturnType<
  typeof graphql.scalar<Name>
>;
