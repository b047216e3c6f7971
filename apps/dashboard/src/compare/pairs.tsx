'use client';

import { Anchor, Table, Title } from '@mantine/core';
import Link from 'next/link';
import { type Axis, type Dimension, formatValue, nameOf } from '../axis/axis';
import { runsHref } from '../filter/filter';
import { count } from '../shell/format';
import type { Answer, Pair } from './compare-query';
import { differenceOf, formatOf, type Sides } from './compare-question';
import { Paged } from './paged';
import { tellingApart, valueIn } from './settings';

/** The pairs, a page at a time: what tells them apart, both means, the difference. Each mean leads to its runs. */
export function Pairs({
  answer,
  pairs,
  varying,
  question,
  onPage,
}: {
  answer: Answer;
  pairs: readonly Pair[];
  /** Axes that tell pairs of other pages apart, too. */
  varying: readonly Axis[];
  question: Sides;
  onPage: (skip: number) => void;
}) {
  if (answer.n === 0) return null;
  const dimensions = tellingApart(
    pairs.flatMap(({ a, b }) => [a, b]),
    varying,
  );
  const format = formatOf(question);
  const say = differenceOf(question);
  const towards = answer.goal === 'MINIMISE' ? -1 : 1;
  const word = answer.goal === 'NONE' ? 'greater' : 'better';
  return (
    <section aria-label="Pairs">
      <Title order={2} size="h5" mt="md">
        {count(answer.n)} {answer.n === 1 ? 'pair' : 'pairs'}
      </Title>
      <div className="scroll">
        <Table striped aria-label="Pairs" className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {dimensions.map((one) => (
                <Table.Th key={one}>{nameOf(one)}</Table.Th>
              ))}
              <Table.Th>A (runs)</Table.Th>
              <Table.Th>B (runs)</Table.Th>
              <Table.Th>A − B</Table.Th>
              <Table.Th>which</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pairs.map(({ a, b, difference }) => (
              <Table.Tr key={`${a.keys.join()} ${b.keys.join()}`} data-difference={difference}>
                {dimensions.map((one) => (
                  <Table.Td key={one}>{valuesOfPair(one, a, b)}</Table.Td>
                ))}
                {[a, b].map((side, i) => (
                  <Table.Td key={i === 0 ? 'a' : 'b'}>
                    <Anchor
                      component={Link}
                      prefetch={false}
                      href={runsHref({ key: { in: side.keys } })}
                      title={`${side.settings === 1 ? 'one setting' : `${count(side.settings)} settings`}, ${count(side.runs)} runs`}
                    >
                      {format(side.mean)} ({count(side.runs)})
                    </Anchor>
                  </Table.Td>
                ))}
                <Table.Td>{say(difference)}</Table.Td>
                <Table.Td>
                  {difference === 0 ? 'equal' : `${difference * towards > 0 ? 'A' : 'B'} ${word}`}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Paged what="pairs" skip={question.pairs} all={answer.n} to={onPage} />
    </section>
  );
}

/** One value where both sides have the same; else both. */
function valuesOfPair(dimension: Dimension, a: Pair['a'], b: Pair['b']): string {
  const [left, right] = [a, b].map((side) => formatValue(dimension, valueIn(side, dimension)));
  return left === right ? left! : `${left} (A), ${right} (B)`;
}
