'use client';

import { Anchor, Button, Code, Group, Modal, Progress, SimpleGrid, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useState } from 'react';
import { useMutation, useQuery, useSubscription } from 'urql';
import { RunTable } from '../run/runs';
import { graphql, type ResultOf } from '../shell/client';
import { count, duration } from '../shell/format';
import { Empty, Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';

const SweepPage = graphql(`
  query SweepPage($key: String!) {
    sweep(key: $key) {
      key name status createdAt definition member { name }
      counts { total waiting running done pruned failed cancelled diverged reused }
      progress { done total samplesPerSecond secondsLeft workers }
    }
  }
`);
const SweepLive = graphql(`
  subscription SweepLive($key: String!) {
    sweepProgress(key: $key) {
      sweep {
        status
        counts { total waiting running done pruned failed cancelled diverged reused }
        progress { done total samplesPerSecond secondsLeft workers }
      }
    }
  }
`);
const Pause = graphql(`mutation Pause($key: String!) { change: pauseSweep(key: $key) { __typename } }`);
const Resume = graphql(`mutation Resume($key: String!) { change: resumeSweep(key: $key) { __typename } }`);
const Cancel = graphql(`mutation Cancel($key: String!) { change: cancelSweep(key: $key) { __typename } }`);
const Retry = graphql(`mutation Retry($key: String!) { change: retrySweep(key: $key) { __typename } }`);

type Sweep = NonNullable<ResultOf<typeof SweepPage>['sweep']>;

export function SweepView({ sweepKey }: { sweepKey: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: SweepPage, variables: { key: sweepKey } });
  const [live] = useSubscription({ query: SweepLive, variables: { key: sweepKey } });
  if (error && !data)
    return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (fetching && !data) return <Loading what={sweepKey} />;
  if (!data?.sweep)
    return (
      <Empty title={`There is no sweep ${sweepKey}`}>
        <Anchor component={Link} href="/sweeps">
          All sweeps
        </Anchor>
      </Empty>
    );
  const sweep: Sweep = { ...data.sweep, ...live.data?.sweepProgress.sweep };
  const { progress, counts } = sweep;
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          {sweep.key}
        </Title>
        <Actions sweep={sweep} />
      </Group>
      <Text c="dimmed">
        {sweep.status.toLowerCase()}, by {sweep.member.name}, <Time at={sweep.createdAt} />
      </Text>
      <Progress.Root size="xl" my="md">
        <Progress.Section
          value={(100 * progress.done) / progress.total}
          aria-label={`${progress.done} of ${progress.total} runs are done`}
        />
        <Progress.Section
          value={(100 * counts.running) / progress.total}
          color="gray"
          striped
          aria-label={`${counts.running} runs are running`}
        />
      </Progress.Root>
      <SimpleGrid cols={{ base: 2, sm: 4 }} className="number" data-testid="progress">
        <Fact name="runs done" value={`${count(progress.done)} of ${count(progress.total)}`} />
        <Fact name="samples a second" value={count(Math.round(progress.samplesPerSecond))} />
        <Fact name="time left" value={sweep.status === 'DONE' ? 'done' : duration(progress.secondsLeft)} />
        <Fact name="workers" value={count(progress.workers)} />
        <Fact name="diverged" value={count(counts.diverged)} />
        <Fact name="failed" value={count(counts.failed)} />
        <Fact name="reused" value={count(counts.reused)} />
        <Fact name="waiting" value={count(counts.waiting)} />
      </SimpleGrid>
      <Title order={2} size="h4" mt="lg">
        Runs
      </Title>
      <RunTable filter={{ sweep: sweepKey }} refresh={progress.done} />
      <details style={{ marginTop: 16 }}>
        <summary>The sweep file</summary>
        <Code block>{JSON.stringify(sweep.definition, null, 2)}</Code>
      </details>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text fw={700}>{value}</Text>
    </div>
  );
}

function Actions({ sweep }: { sweep: Sweep }) {
  const [, pause] = useMutation(Pause);
  const [, resume] = useMutation(Resume);
  const [, cancel] = useMutation(Cancel);
  const [, retry] = useMutation(Retry);
  const [asking, ask] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = async (
    change: (variables: { key: string }) => Promise<{ error?: { message: string } | undefined }>,
  ) => {
    ask(false);
    const { error } = await change({ key: sweep.key });
    setProblem(error?.message);
  };
  const open = sweep.counts.waiting + sweep.counts.running;
  return (
    <Group gap="xs">
      {problem ? (
        <Text c="red" role="alert">
          {problem}
        </Text>
      ) : null}
      {sweep.status === 'RUNNING' || sweep.status === 'WAITING' ? (
        <Button variant="default" onClick={() => run(pause)}>
          Pause
        </Button>
      ) : null}
      {sweep.status === 'PAUSED' ? (
        <Button variant="default" onClick={() => run(resume)}>
          Resume
        </Button>
      ) : null}
      {sweep.counts.failed + sweep.counts.cancelled > 0 ? (
        <Button variant="default" onClick={() => run(retry)}>
          Retry {count(sweep.counts.failed + sweep.counts.cancelled)}
        </Button>
      ) : null}
      {open > 0 ? (
        <Button variant="default" onClick={() => ask(true)}>
          Cancel …
        </Button>
      ) : null}
      <Modal opened={asking} onClose={() => ask(false)} title={`Cancel ${sweep.key}?`}>
        <Text mb="md">
          {count(open)} runs that wait or train end, but those that another sweep wants go on. Finished runs
          stay. A retry puts the cancelled ones back.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(false)}>
            Keep it
          </Button>
          <Button color="red" onClick={() => run(cancel)}>
            Cancel {count(open)} runs
          </Button>
        </Group>
      </Modal>
    </Group>
  );
}
