'use client';

import { Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { Picture } from '../preset/picture';
import { useLiveQuery } from '../shell/activity';
import { graphql, type ResultOf, useQuery } from '../shell/client';
import { count, duration, number } from '../shell/format';
import { runHref } from './run-link';
import type { Content } from './sweep-file';

/** Cells whose answering runs are looked at: as many as the API gives at once. */
const LOOKED_AT = 1000;

const PreviewSweep = graphql(`
  query PreviewSweep($definition: JSON!) {
    previewSweep(definition: $definition) {
      __typename
      ... on SweepPreview {
        name total created reused flops mayEndEarly
        work { shapeKey model batchSize runs flops flopsPerSample dataset { id name } }
        cells(first: 1000) { position batchSize baseLearningRate batchNorm answeredBy { key member status } }
      }
      ... on InvalidInput { message problems { path value message allowed } }
    }
  }
`);
type Answer = ResultOf<typeof PreviewSweep>['previewSweep'];
export type Preview = Extract<Answer, { __typename: 'SweepPreview' }>;
export type Problems = Extract<Answer, { __typename: 'InvalidInput' }>['problems'];

/** What creating this would do, or what is wrong with it; of this very content, and never of what was typed before. */
export function usePreview(content: Content | undefined): {
  readonly preview: Preview | undefined;
  readonly problems: Problems;
  readonly error: string | undefined;
} {
  const [{ data, error, operation }] = useQuery({
    query: PreviewSweep,
    variables: { definition: content ?? {} },
    pause: !content,
    requestPolicy: 'cache-and-network',
  });
  const mine =
    content !== undefined &&
    operation !== undefined &&
    JSON.stringify(operation.variables.definition) === JSON.stringify(content);
  const answer = mine ? data?.previewSweep : undefined;
  return {
    preview: answer?.__typename === 'SweepPreview' ? answer : undefined,
    problems: answer?.__typename === 'InvalidInput' ? answer.problems : NONE,
    error: mine ? error?.message : undefined,
  };
}
const NONE: Problems = [];

const WorkersUp = graphql(`
  query WorkersUp {
    workers { id name state samplesPerSecond }
  }
`);

/** Number of cells, who has answered some already, what the others cost and about how long that takes. */
export function PreviewWords({ preview }: { preview: Preview }) {
  const [{ data }] = useLiveQuery({ query: WorkersUp, variables: {} });
  const { total, created, reused, flops, mayEndEarly, work, cells } = preview;
  const samples = work.reduce((sum, one) => sum + one.flops / one.flopsPerSample, 0);
  const shapes = work.length;
  return (
    <section aria-label="What it makes" data-testid="preview" className="number">
      <Text component="p" mb="xs">
        <strong>
          {count(total)} {total === 1 ? 'cell' : 'cells'}
        </strong>
        : {count(created)} to train, {count(reused)} reused.
      </Text>
      {reused > 0 ? <Reused cells={cells} total={total} /> : null}
      <Text component="p" mb="xs">
        {created === 0
          ? 'Nothing is left to train: it is done when it is made.'
          : `${mayEndEarly ? 'At most ' : ''}${number(flops / 1e12)} TFLOP of training and evaluation, about ${count(Math.round(samples))} samples, in ${count(shapes)} ${shapes === 1 ? 'shape' : 'shapes'} of steps.${mayEndEarly ? ' Runs may end early, so it may be less.' : ''}`}
      </Text>
      {created > 0 && data ? (
        <Text component="p" mb="xs">
          Expected time: {timeWords(samples, data.workers, mayEndEarly)}
        </Text>
      ) : null}
      <Picture
        label={`${count(Math.min(total, LOOKED_AT))} cells by batch size and base learning rate`}
        dots={cells.map(({ batchSize, baseLearningRate, batchNorm, answeredBy }) => ({
          m: batchSize,
          rate: baseLearningRate,
          batchNorm: batchNorm ?? false,
          reused: answeredBy !== null,
        }))}
        size={220}
      />
      {total > LOOKED_AT ? (
        <Text size="sm" c="dimmed">
          The picture has the first {count(LOOKED_AT)} cells.
        </Text>
      ) : null}
    </section>
  );
}

function Reused({ cells, total }: { cells: Preview['cells']; total: number }) {
  const whose = new Map<string, { n: number; run: string }>();
  for (const { answeredBy } of cells) {
    if (!answeredBy) continue;
    const key = `${answeredBy.status.toLowerCase()} of ${answeredBy.member}`;
    whose.set(key, { n: (whose.get(key)?.n ?? 0) + 1, run: answeredBy.key });
  }
  return (
    <Text component="p" mb="xs">
      Reused{total > LOOKED_AT ? ` (among the first ${count(LOOKED_AT)} cells)` : ''}:{' '}
      {[...whose].map(([key, { n, run }], i) => (
        <span key={key}>
          {i > 0 ? ', ' : ''}
          {count(n)} {key} (such as{' '}
          <Anchor component={Link} href={runHref(run)} prefetch={false} underline="always">
            {run}
          </Anchor>
          )
        </span>
      ))}
    </Text>
  );
}

/** At the speed that the workers have now with what they train now: other shapes of steps go faster or slower. */
function timeWords(
  samples: number,
  workers: ResultOf<typeof WorkersUp>['workers'],
  mayEndEarly: boolean,
): string {
  const up = workers.filter(({ state }) => state === 'RUNNING' || state === 'IDLE');
  if (up.length === 0) return 'unknown: no worker is up. Start one: npx smallbatch worker';
  const speed = up.reduce((sum, one) => sum + one.samplesPerSecond, 0);
  const who = `${count(up.length)} ${up.length === 1 ? 'worker that is' : 'workers that are'} up`;
  if (speed === 0) return `unknown: the ${who} trains nothing now, so that its speed is not known.`;
  return `${mayEndEarly ? 'at most ' : ''}about ${duration(samples / speed)} of the ${who}, at their ${count(Math.round(speed))} samples/s of now.`;
}
