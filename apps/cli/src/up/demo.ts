import { join } from 'node:path';
import { type Client, graphql } from '@smallbatch/client';
import { RECIPES } from '@smallbatch/trainer';
import { addDataset } from '../commands/dataset.ts';
import { Problem } from '../problem.ts';
import { readSweepFile } from '../sweep-file.ts';

const AnySweep = graphql(`query AnySweep { sweeps(first: 1) { nodes { key } } }`);
const Create = graphql(`
  mutation CreateDemo($definition: JSON!) {
    createSweep(definition: $definition) {
      __typename
      ... on CreateSweepSuccess { created sweep { key } }
      ... on InvalidInput { message problems { path value message allowed } }
    }
  }
`);

/** The built-in data sets, made here if they are not kept in the home yet, and known to the API. */
export async function addBuiltIn(client: Client, home: string): Promise<void> {
  for (const name of Object.keys(RECIPES)) await addDataset(client, home, name);
}

/** Creates the demo sweep when the team has no sweep at all; its key, or undefined. */
export async function createDemo(client: Client): Promise<string | undefined> {
  const { sweeps } = await client.query(AnySweep, {});
  if (sweeps.nodes.length > 0) return undefined;
  const file = readSweepFile(join(import.meta.dirname, '../../demo.yaml'));
  const { createSweep } = await client.mutate(Create, { definition: file.definition });
  if (createSweep.__typename === 'InvalidInput') throw new Problem(file.explain(createSweep.problems));
  return createSweep.sweep.key;
}
