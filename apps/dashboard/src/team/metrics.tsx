'use client';

import { Table } from '@mantine/core';
import { useMutation } from '@urql/next';
import { graphql, type ResultOf, type SchemaType } from '../shell/client';
import { count } from '../shell/format';
import { tell, warn } from '../shell/notice';
import { Part } from './part';

type Goal = SchemaType<'Goal'>;

export const MetricFields = graphql(`
  fragment MetricFields on Metric {
    name goal
  }
`);
type Metric = ResultOf<typeof MetricFields>;

const SetGoal = graphql(`
  mutation SetGoal($name: String!, $goal: Goal!) {
    setMetricGoal(name: $name, goal: $goal) {
      __typename
      ... on MetricChanged { metric { name goal } }
      ... on InvalidInput { message }
    }
  }
`);

const GOALS: Readonly<Record<Goal, string>> = {
  MAXIMISE: 'greater is better',
  MINIMISE: 'less is better',
  NONE: 'neither',
};

/** What "best" means for each metric. A change can be taken back. */
export function Metrics({
  metrics,
  may,
  again,
}: {
  metrics: readonly Metric[];
  /** Whether who looks may change goals. */
  may: boolean;
  again: () => void;
}) {
  const [, setGoal] = useMutation(SetGoal);
  const change = async (name: string, goal: Goal, before?: Goal): Promise<void> => {
    const { data, error } = await setGoal({ name, goal });
    const result = data?.setMetricGoal;
    if (error) warn(error.message);
    else if (result?.__typename === 'InvalidInput') warn(result.message);
    else
      tell(
        `Of ${name}, ${GOALS[goal]} now: best settings, verdicts and marks follow.`,
        before && { name: 'Undo', run: () => void change(name, before) },
      );
    again();
  };
  return (
    <Part title={`${count(metrics.length)} ${metrics.length === 1 ? 'metric' : 'metrics'}`} id="metrics">
      <Table striped aria-label="Metrics" w="auto">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>metric</Table.Th>
            <Table.Th>goal</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {metrics.map(({ name, goal }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td>
                <select
                  aria-label={`Goal of ${name}`}
                  value={goal}
                  disabled={!may}
                  title={may ? undefined : 'A viewer changes no goal: ask an owner for another role.'}
                  onChange={({ currentTarget }) => void change(name, currentTarget.value as Goal, goal)}
                >
                  {(Object.keys(GOALS) as Goal[]).map((one) => (
                    <option key={one} value={one}>
                      {GOALS[one]}
                    </option>
                  ))}
                </select>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Part>
  );
}
