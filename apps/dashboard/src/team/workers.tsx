'use client';

import { Anchor, Code, Table, Text } from '@mantine/core';
import Link from 'next/link';
import { parseAsBoolean, useQueryState } from 'nuqs';
import { runsHref } from '../filter/filter';
import { useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf } from '../shell/client';
import { bytes, count, number, percent } from '../shell/format';
import { Time } from '../shell/time';
import { gpusOf } from './gpu';
import { Part } from './part';

export const WorkerFields = graphql(`
  fragment WorkerFields on Worker {
    id name host engine device state samplesPerSecond memoryBytes gpu lastSeenAt startedAt trainerVersion
    member { key }
    runs { key }
  }
`);
type Worker = ResultOf<typeof WorkerFields>;

const All = graphql(
  `
  query AllWorkers {
    workers(active: false) { ...WorkerFields }
  }
`,
  [WorkerFields],
);

/** Links to single runs in a row; what is more is one link to them all. */
const SHOWN_RUNS = 4;
const SHOWN = parseAsBoolean.withDefault(false);
const NOTHING = {};

/** Machines that train: what they are, what they do, how fast, and when they were heard of. */
export function Workers({ workers: lately }: { workers: readonly Worker[] }) {
  const [all, setAll] = useQueryState('allWorkers', SHOWN);
  const [{ data }] = useLiveQuery({ query: All, variables: NOTHING, pause: !all });
  const workers = (all && data?.workers) || lately;
  return (
    <Part title={`${count(workers.length)} ${workers.length === 1 ? 'worker' : 'workers'}`} id="workers">
      {workers.length === 0 ? (
        <Text>
          None was heard of in the last day. Start one on any machine: <Code>npx smallbatch worker</Code>
        </Text>
      ) : (
        <div className="scroll">
          <Table striped aria-label="Workers" className="number nowrap">
            <Table.Thead>
              <Table.Tr>
                {[
                  'worker',
                  'state',
                  'trains',
                  'samples a second',
                  'engine',
                  'device',
                  'memory',
                  'of',
                  'last seen',
                ].map((name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {workers.map((worker) => (
                <Row key={worker.id} worker={worker} />
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <Text size="sm" mt="xs">
        {all ? 'All workers that ever were, the latest 100. ' : 'Workers of the last day. '}
        <Anchor component="button" type="button" size="sm" onClick={() => void setAll(all ? null : true)}>
          {all ? 'Only those of the last day' : 'Earlier ones too'}
        </Anchor>
      </Text>
    </Part>
  );
}

function Row({ worker }: { worker: Worker }) {
  const gpus = gpusOf(worker.gpu);
  const { runs } = worker;
  return (
    <Table.Tr data-worker={worker.name}>
      <Table.Th scope="row">
        {worker.name}
        {worker.host === worker.name ? null : (
          <Text size="xs" c="dimmed">
            {worker.host}
          </Text>
        )}
      </Table.Th>
      <Table.Td>{STATES[worker.state]}</Table.Td>
      <Table.Td>
        {runs.length === 0 ? '–' : null}
        {runs.slice(0, SHOWN_RUNS).map(({ key }, i) => (
          <span key={key}>
            {i > 0 ? ', ' : ''}
            <Anchor
              component={Link}
              prefetch={false}
              href={`/runs/${key.split('/').map(encodeURIComponent).join('/')}`}
            >
              {key}
            </Anchor>
          </span>
        ))}
        {runs.length > SHOWN_RUNS ? (
          <>
            {', '}
            <Anchor
              component={Link}
              prefetch={false}
              href={runsHref({ key: { in: runs.map(({ key }) => key) } })}
            >
              all {count(runs.length)}
            </Anchor>
          </>
        ) : null}
      </Table.Td>
      <Table.Td>{worker.state === 'RUNNING' ? number(worker.samplesPerSecond) : '–'}</Table.Td>
      <Table.Td>
        {worker.engine}
        <Text size="xs" c="dimmed">
          trainer {worker.trainerVersion}
        </Text>
      </Table.Td>
      <Table.Td>
        {worker.device}
        {gpus.map(({ name, utilisation }, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two GPUs of a machine may say the same
          <Text key={i} size="xs" c="dimmed">
            {name}
            {utilisation === null ? '' : `, ${percent(utilisation, 0)} busy`}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        {worker.memoryBytes > 0 ? `at most ${bytes(worker.memoryBytes)}` : '–'}
        {gpus.map(({ memoryUsed, memoryTotal }, i) =>
          memoryUsed === null || memoryTotal === null ? null : (
            // biome-ignore lint/suspicious/noArrayIndexKey: two GPUs of a machine may say the same
            <Text key={i} size="xs" c="dimmed">
              GPU: {bytes(memoryUsed)} of {bytes(memoryTotal)} used
            </Text>
          ),
        )}
      </Table.Td>
      <Table.Td>{worker.member.key}</Table.Td>
      <Table.Td>
        <Time at={worker.lastSeenAt} />
      </Table.Td>
    </Table.Tr>
  );
}

const STATES = { IDLE: 'idle', LOST: 'lost', RUNNING: 'training', STOPPED: 'stopped' } as const;
