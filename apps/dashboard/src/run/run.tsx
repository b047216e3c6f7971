'use client';

import { Anchor, SimpleGrid, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import { useQuery, useSubscription } from 'urql';
import { CurveChart, type CurveData } from '../chart/curves';
import { graphql, type ResultOf } from '../shell/client';
import { duration, number, percent, rate } from '../shell/format';
import { Empty, Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';

const RunDetail = graphql(`
  query RunDetail($key: String!) {
    run(key: $key) {
      key status diverged divergedStep reason model width batchSize baseLearningRate learningRate schedule warmUp momentum nesterov weightDecay
      batchNorm batchNormScope bnBatch augmentation budget { unit value } seed hyper info configurationHash trainerVersion duplicate
      createdAt dataset { name hash } member { name } sweep { key }
      attempts { number engine device versions runsSideBySide slot startedAt endedAt end reason worker { name } }
    }
  }
`);
const RunLive = graphql(`
  subscription RunLive($key: String!) {
    runMetrics(key: $key) {
      reset
      run { status step plannedSteps deviceSeconds metrics { name last medianLast5 medianOf best } }
      curves { metric steps values }
    }
  }
`);
type Update = ResultOf<typeof RunLive>['runMetrics'];
interface Seen {
  readonly run: Update['run'];
  readonly curves: ReadonlyMap<string, CurveData>;
}

/** Adds new points to what was seen, late ones at their place; a reset begins anew. */
function merge(seen: Seen | undefined, { runMetrics: update }: { runMetrics: Update }): Seen {
  const curves = new Map(update.reset ? [] : seen?.curves);
  for (const { metric, steps, values } of update.curves) {
    const before = curves.get(metric);
    const all = {
      steps: [...(before?.steps ?? []), ...steps],
      values: [...(before?.values ?? []), ...values],
    };
    curves.set(metric, { name: metric, ...inOrder(all) });
  }
  return { run: update.run, curves };
}

function inOrder<V>({ steps, values }: { steps: number[]; values: V[] }): { steps: number[]; values: V[] } {
  if (steps.every((step, i) => i === 0 || step >= steps[i - 1]!)) return { steps, values };
  const places = steps.map((_, i) => i).sort((a, b) => steps[a]! - steps[b]!);
  return { steps: places.map((i) => steps[i]!), values: places.map((i) => values[i]!) };
}

export function RunView({ runKey }: { runKey: string }) {
  const [{ data, error, fetching }, again] = useQuery({ query: RunDetail, variables: { key: runKey } });
  const [live] = useSubscription({ query: RunLive, variables: { key: runKey } }, merge);
  if (error && !data)
    return <Failed message={error.message} again={() => again({ requestPolicy: 'network-only' })} />;
  if (fetching && !data) return <Loading what={runKey} />;
  if (!data?.run)
    return (
      <Empty title={`There is no run ${runKey}`}>
        <Anchor component={Link} href="/runs">
          All runs
        </Anchor>
      </Empty>
    );
  const { run } = data;
  const now = live.data?.run;
  const status = now?.status ?? run.status;
  const accuracy = now?.metrics.find(({ name }) => name === 'test_accuracy');
  return (
    <>
      <Title order={1} size="h3">
        {run.key}
      </Title>
      <Text c="dimmed">
        {run.diverged ? `diverged at step ${run.divergedStep}` : status.toLowerCase()}
        {status === 'RUNNING' && now ? `, step ${now.step} of ${now.plannedSteps}` : ''}
        {run.reason ? `: ${run.reason}` : ''}, by {run.member.name}, <Time at={run.createdAt} />
        {run.sweep ? (
          <>
            , of{' '}
            <Anchor component={Link} underline="always" href={`/sweeps/${encodeURIComponent(run.sweep.key)}`}>
              {run.sweep.key}
            </Anchor>
          </>
        ) : null}
      </Text>
      <Text my="sm" data-testid="result">
        <strong>{percent(accuracy?.medianLast5)}</strong> test accuracy, the median of the last{' '}
        {accuracy?.medianOf ?? 0} evaluations
        {accuracy && accuracy.medianOf < 5 ? ' (fewer than five so far)' : ''};{' '}
        {duration(now?.deviceSeconds || null)} of device time
      </Text>
      <Charts curves={live.data?.curves} />
      <Title order={2} size="h4" mt="lg">
        Configuration
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <Facts
          name="Configuration"
          rows={[
            ['data set', `${run.dataset.name} (${run.dataset.hash.slice(0, 12)}…)`],
            ['model', `${run.model}, width ${run.width}`],
            ['batch size m', run.batchSize],
            ['base learning rate η̃', rate(run.baseLearningRate)],
            ['learning rate η = η̃·m', rate(run.learningRate)],
            [
              'batch norm',
              run.batchNorm
                ? ['on', run.batchNormScope?.toLowerCase(), run.bnBatch ? `BN batch ${run.bnBatch}` : '']
                    .filter(Boolean)
                    .join(', ')
                : 'off',
            ],
            ['budget', `${run.budget.value} ${run.budget.unit.toLowerCase()}`],
            ['seed', run.seed],
          ]}
        />
        <Facts
          name="More of the configuration"
          rows={[
            ['schedule', JSON.stringify(run.schedule)],
            ['warm-up', run.warmUp ? 'on' : 'off'],
            ['momentum', run.momentum],
            ['weight decay λ', run.weightDecay],
            ['augmentation', run.augmentation ? 'on' : 'off'],
            ['free parameters', JSON.stringify({ ...(run.hyper as object), ...(run.info as object) })],
            ['trainer', run.trainerVersion],
            ['configuration hash', run.configurationHash.slice(0, 16)],
          ]}
        />
      </SimpleGrid>
      <Title order={2} size="h4" mt="lg">
        Attempts
      </Title>
      <div className="scroll">
        <Table aria-label="Attempts">
          <Table.Thead>
            <Table.Tr>
              {['attempt', 'worker', 'engine', 'side by side', 'began', 'ended'].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {run.attempts.map((attempt) => (
              <Table.Tr key={attempt.number}>
                <Table.Td>{attempt.number}</Table.Td>
                <Table.Td>{attempt.worker?.name ?? '–'}</Table.Td>
                <Table.Td>
                  {attempt.engine} on {attempt.device}
                </Table.Td>
                <Table.Td>
                  {attempt.slot + 1} of {attempt.runsSideBySide}
                </Table.Td>
                <Table.Td>
                  <Time at={attempt.startedAt} />
                </Table.Td>
                <Table.Td>
                  {attempt.end
                    ? `${attempt.end.toLowerCase()}${attempt.reason ? `: ${attempt.reason}` : ''}`
                    : '–'}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </>
  );
}

function Charts({ curves }: { curves: ReadonlyMap<string, CurveData> | undefined }) {
  const pick = useMemo(
    () => (names: string[]) =>
      names.flatMap((name) => {
        const curve = curves?.get(name);
        return curve ? [curve] : [];
      }),
    [curves],
  );
  const accuracy = useMemo(() => pick(['test_accuracy', 'train_accuracy']), [pick]);
  const loss = useMemo(() => pick(['test_loss', 'train_loss']), [pick]);
  const learning = useMemo(() => pick(['learning_rate']), [pick]);
  if (!curves || curves.size === 0)
    return (
      <Text c="dimmed" py="md">
        No points yet; they appear here as they arrive.
      </Text>
    );
  return (
    <div className="panels">
      <section aria-label="Accuracy">
        <Title order={2} size="h5">
          Accuracy
        </Title>
        <CurveChart title="Accuracy over steps" curves={accuracy} format={percent} />
      </section>
      <section aria-label="Loss">
        <Title order={2} size="h5">
          Loss (nats)
        </Title>
        <CurveChart title="Loss over steps" curves={loss} format={number} />
      </section>
      <section aria-label="Learning rate">
        <Title order={2} size="h5">
          Learning rate η
        </Title>
        <CurveChart title="Learning rate over steps" curves={learning} format={number} />
      </section>
    </div>
  );
}

function Facts({ name, rows }: { name: string; rows: [string, string | number][] }) {
  return (
    <Table aria-label={name} className="number">
      <Table.Tbody>
        {rows.map(([label, value]) => (
          <Table.Tr key={label}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
