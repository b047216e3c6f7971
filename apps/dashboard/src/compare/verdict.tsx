'use client';

import './compare.css';
import { Alert, Anchor, Button, Group, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { nameOf } from '../axis/axis';
import { both, runsHref } from '../filter/filter';
import { count } from '../shell/format';
import type { Answer } from './compare-query';
import { differenceOf, type Sides } from './compare-question';
import type { Reason } from './reasons';

/** What came out, in a sentence. */
export function verdictWords(answer: Answer, question: Sides): { title: string; text: string } {
  const { verdict, mean, ci95, n, goal } = answer;
  const say = differenceOf(question);
  const size = (value: number): string => say(Math.abs(value)).replace('+', '');
  const pairs = `n = ${count(n)} ${n === 1 ? 'pair' : 'pairs'}`;
  if (n < 2)
    return {
      title: 'No verdict',
      text:
        n === 0
          ? 'No setting of A has a match in B: there is nothing to compare.'
          : `One pair only, with a difference A − B of ${say(mean)}: one difference has no deviation. Two pairs are needed at least.`,
    };
  const interval = `95 % interval ${say(ci95!.low)} to ${say(ci95!.high)}, ${pairs}`;
  if (goal === 'NONE')
    return {
      title: `A − B is ${say(mean)}`,
      text: `${interval}. Which is better nobody can say: ${question.metric} has no goal. Give it one on the page Team.`,
    };
  if (verdict === 'UNDECIDED')
    return {
      title: 'Undecided',
      text: `A − B is ${say(mean)}, ${interval}. The interval has zero in it: these pairs do not tell which is better.`,
    };
  const [low, high] = [ci95!.low, ci95!.high].map(Math.abs).sort((x, y) => x - y);
  const greater = verdict === 'A' ? mean! > 0 : mean! < 0;
  return {
    title: `${verdict} is better by ${size(mean!)}, 95 % interval ${size(low!)} to ${size(high!)}, ${pairs}`,
    text: `${verdict} has the ${greater ? 'greater' : 'smaller'} mean, which is better here, and the interval is clear of zero.`,
  };
}

/** The verdict, what it rests on, and what to beware of. */
export function Verdict({
  answer,
  question,
  reasons,
  onChange,
}: {
  answer: Answer;
  question: Sides;
  /** Why settings did not match, the most frequent first. */
  reasons: readonly Reason[];
  onChange: (change: Partial<Sides>) => void;
}) {
  const { n, wins, ties, losses, inBoth, ignored, goal } = answer;
  const { best, select, ignoring, a, b, within } = question;
  const { title, text } = verdictWords(answer, question);
  const frequent = reasons.find(({ axis }) => axis !== null && !ignoring.includes(axis))?.axis;
  return (
    <section aria-label="Verdict">
      <Title order={2} size="h3" data-testid="verdict">
        {title}
      </Title>
      <Text data-testid="verdict-text" className="number">
        {text}
      </Text>
      {n < 2 && frequent ? (
        <Group my="xs" gap="xs">
          <Text size="sm">Most settings are kept apart by {nameOf(frequent)}.</Text>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => onChange({ ignoring: [...ignoring, frequent] })}
          >
            Ignore {nameOf(frequent)}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => onChange({ best: [...best, frequent] })}>
            Take the best over {nameOf(frequent)}
          </Button>
        </Group>
      ) : null}
      <Tally wins={wins} ties={ties} losses={losses} goal={goal} />
      <Text size="sm" data-testid="ignored">
        Matching leaves out {ignored.length > 0 ? `${ignored.map(nameOf).join(', ')}, and ` : ''}seed, member,
        sweep and engine, as always.
      </Text>
      {best.length > 0 && select.length === 0 ? (
        <Alert color="yellow" my="xs" title="The best of many is optimistic">
          Each side shows the setting that came out best of several, by luck too. The side with more settings
          to choose from has more of it: choose on some seeds and report on the others.{' '}
          <Button size="compact-xs" variant="default" onClick={() => onChange({ select: [0] })}>
            Choose on seed 0, report on the others
          </Button>
        </Alert>
      ) : null}
      {best.length > 0 && select.length > 0 ? (
        <Text size="sm">
          Each side's best is chosen on seed {select.join(', ')} and reported on the others.{' '}
          <Button size="compact-xs" variant="default" onClick={() => onChange({ select: [] })}>
            Use all seeds for both
          </Button>
        </Text>
      ) : null}
      {inBoth > 0 ? (
        <Alert color="yellow" my="xs" title="The two sides overlap">
          <Anchor component={Link} href={runsHref(both(within, { and: [a, b] }))}>
            {count(inBoth)} {inBoth === 1 ? 'run is' : 'runs are'} in both
          </Anchor>
          , compared with themselves: they differ by nothing and pull the difference towards zero.
        </Alert>
      ) : null}
      <details>
        <summary>What this means</summary>
        <Text size="sm">
          Settings of A and B that are equal on all axes but those left out make a pair. Of each pair the
          means over seeds are subtracted, A − B. The interval is the paired t's: were the whole repeated, 95
          of 100 such intervals would hold the true mean difference of pairs like these. A verdict is given
          where it is clear of zero.
        </Text>
      </details>
    </section>
  );
}

/** Wins, ties and losses of A as one bar; the words have the numbers. */
function Tally({ wins, ties, losses, goal }: Pick<Answer, 'wins' | 'ties' | 'losses' | 'goal'>) {
  const all = wins + ties + losses;
  if (all === 0) return null;
  const parts = [
    { name: goal === 'NONE' ? 'A greater' : 'A better', n: wins, className: 'win' },
    { name: 'equal', n: ties, className: 'tie' },
    { name: goal === 'NONE' ? 'B greater' : 'B better', n: losses, className: 'loss' },
  ];
  return (
    <div data-testid="tally">
      <div className="tally" aria-hidden>
        {parts.map(({ name, n, className }) =>
          n > 0 ? <span key={name} className={className} style={{ flexGrow: n }} /> : null,
        )}
      </div>
      <Text size="sm" className="number">
        {parts.map(({ name, n }) => `${name} in ${count(n)}`).join(', ')} of {count(all)}{' '}
        {all === 1 ? 'pair' : 'pairs'}
      </Text>
    </div>
  );
}
