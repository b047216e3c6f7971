'use client';

import { Table, Text, Title } from '@mantine/core';
import { bytes, count, duration, percent } from '../shell/format';
import { Time } from '../shell/time';
import type { RunDetail } from './detail';

/** Every try of a worker: where, on what, with whom side by side, and how it ended. */
export function Attempts({ run: { attempts } }: { run: RunDetail }) {
  if (attempts.length === 0)
    return (
      <section aria-label="Attempts">
        <Title order={2} size="h4" mt="lg">
          Attempts
        </Title>
        <Text>None yet.</Text>
      </section>
    );
  return (
    <section aria-label="Attempts">
      <Title order={2} size="h4" mt="lg">
        Attempts
      </Title>
      <div className="scroll">
        <Table aria-label="Attempts" className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {['attempt', 'worker', 'engine', 'side by side', 'from step', 'began', 'took', 'ended'].map(
                (name) => (
                  <Table.Th key={name}>{name}</Table.Th>
                ),
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {attempts.map((attempt) => (
              <Table.Tr key={attempt.number}>
                <Table.Td>{attempt.number}</Table.Td>
                <Table.Td>
                  {attempt.worker
                    ? `${attempt.worker.name} on ${attempt.worker.host}, process ${attempt.worker.pid}`
                    : 'none: reported by a script'}
                </Table.Td>
                <Table.Td>
                  {attempt.engine} on {attempt.device}
                </Table.Td>
                <Table.Td>
                  R = {attempt.runsSideBySide}, slot {attempt.slot}
                </Table.Td>
                <Table.Td>{count(Number(attempt.startStep))}</Table.Td>
                <Table.Td>
                  <Time at={attempt.startedAt} />
                </Table.Td>
                <Table.Td>
                  {attempt.endedAt
                    ? duration((Date.parse(attempt.endedAt) - Date.parse(attempt.startedAt)) / 1000)
                    : 'not ended'}
                </Table.Td>
                <Table.Td style={{ whiteSpace: 'normal' }}>
                  {attempt.end
                    ? `${attempt.end.toLowerCase()}${attempt.reason ? `: ${attempt.reason}` : ''}`
                    : '–'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Environment attempt={attempts.at(-1)!} />
    </section>
  );
}

interface Gpu {
  readonly uuid: string;
  readonly name: string;
  readonly utilisation: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
}

function Environment({ attempt }: { attempt: RunDetail['attempts'][number] }) {
  const { worker, versions } = attempt;
  const gpus = (Array.isArray(worker?.gpu) ? worker.gpu : []) as Gpu[];
  const said = Object.entries(versions as Record<string, unknown>);
  return (
    <>
      <Text size="sm" mt="sm" data-testid="environment">
        {said.length > 0
          ? `Versions of attempt ${attempt.number}: ${said.map(([name, version]) => `${name} ${String(version)}`).join(', ')}.`
          : `Attempt ${attempt.number} reported no versions.`}{' '}
        {worker ? (
          <>
            Its worker ({worker.state.toLowerCase()}, trainer {worker.trainerVersion},{' '}
            {bytes(worker.memoryBytes)} for its steps) trained {count(Math.round(worker.samplesPerSecond))}{' '}
            samples a second at its last heartbeat, <Time at={worker.lastSeenAt} relative />.
          </>
        ) : null}
      </Text>
      {gpus.map(({ uuid, name, utilisation, memoryUsed, memoryTotal }) => (
        <Text size="sm" key={uuid}>
          {name} ({uuid.slice(0, 12)}):{' '}
          {utilisation === null ? 'use not told' : `${percent(utilisation, 0)} in use`},{' '}
          {memoryUsed === null
            ? 'memory not told'
            : `${bytes(memoryUsed)}${memoryTotal === null ? '' : ` of ${bytes(memoryTotal)}`} of memory`}
        </Text>
      ))}
      {worker && gpus.length === 0 ? <Text size="sm">It told of no GPU.</Text> : null}
    </>
  );
}
