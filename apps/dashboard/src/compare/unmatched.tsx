'use client';

import { Anchor, Table, Text, Title } from '@mantine/core';
import Link from 'next/link';
import { formatValue, nameOf } from '../axis/axis';
import { runsHref } from '../filter/filter';
import { count } from '../shell/format';
import type { Answer, Listed, UnmatchedSetting } from './compare-query';
import { formatOf, type Sides } from './compare-question';
import { Paged } from './paged';
import { keptWords, reasonsOf } from './reasons';
import { tellingApart, valueIn } from './settings';

/** What did not match, and why: every setting of both sides is reached. */
export function Unmatched({
  answer,
  listed,
  question,
  onPage,
}: {
  answer: Answer;
  listed: Listed;
  question: Sides;
  onPage: (change: Partial<Sides>) => void;
}) {
  const { unmatchedCountA, unmatchedCountB, withoutValueA, withoutValueB } = answer;
  const sides = [
    {
      side: 'A',
      other: 'B',
      all: unmatchedCountA,
      without: withoutValueA,
      settings: listed.unmatchedA,
      kept: listed.keptA,
      skip: question.unmatchedA,
      to: (unmatchedA: number) => onPage({ unmatchedA }),
    },
    {
      side: 'B',
      other: 'A',
      all: unmatchedCountB,
      without: withoutValueB,
      settings: listed.unmatchedB,
      kept: listed.keptB,
      skip: question.unmatchedB,
      to: (unmatchedB: number) => onPage({ unmatchedB }),
    },
  ];
  return (
    <section aria-label="What did not match">
      <Title order={2} size="h5" mt="md">
        What did not match
      </Title>
      {sides.map(({ side, other, all, without, settings, kept, skip, to }) => (
        <div key={side} data-testid={`unmatched-${side}`}>
          <Text className="number">
            {all === 0
              ? `Every setting of ${side} that has a value found a match`
              : `${count(all)} ${all === 1 ? 'setting' : 'settings'} of ${side} ${all === 1 ? 'has' : 'have'} no match that has a value in ${other}`}
            {without > 0
              ? `; ${count(without)} more ${without === 1 ? 'has' : 'have'} no value: unfinished, failed, or all diverged`
              : ''}
            .
          </Text>
          {all > 0 ? (
            <>
              <Text size="sm" className="number">
                {all > kept.length ? `Of the first ${count(kept.length)}, kept` : 'Kept'} apart by{' '}
                {reasonsOf(kept)
                  .map(({ words, n }) => `${words} (${count(n)})`)
                  .join('; ')}
                .
              </Text>
              <SettingTable side={side} settings={settings} question={question} />
              <Paged what={`settings of ${side} without a match`} skip={skip} all={all} to={to} />
            </>
          ) : null}
        </div>
      ))}
    </section>
  );
}

function SettingTable({
  side,
  settings,
  question,
}: {
  side: string;
  settings: readonly UnmatchedSetting[];
  question: Sides;
}) {
  const dimensions = tellingApart(
    settings,
    settings.flatMap(({ keptBy }) => keptBy),
  );
  const format = formatOf(question);
  return (
    <div className="scroll">
      <Table striped aria-label={`Settings of ${side} without a match`} className="number nowrap">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>kept apart by</Table.Th>
            {dimensions.map((one) => (
              <Table.Th key={one}>{nameOf(one)}</Table.Th>
            ))}
            <Table.Th>{side} (runs)</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {settings.map((setting) => (
            <Table.Tr key={setting.keys.join()} data-keys={setting.keys.join(' ')}>
              <Table.Th scope="row">{keptWords(setting)}</Table.Th>
              {dimensions.map((one) => (
                <Table.Td key={one}>{formatValue(one, valueIn(setting, one))}</Table.Td>
              ))}
              <Table.Td>
                <Anchor component={Link} prefetch={false} href={runsHref({ key: { in: setting.keys } })}>
                  {format(setting.mean)} ({count(setting.runs)})
                </Anchor>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
