'use client';

import { Anchor, Button, Checkbox, Group, Table, Text } from '@mantine/core';
import Link from 'next/link';
import { useState } from 'react';
import { compareHref } from '../compare/compare-question';
import { runsHref } from '../filter/filter';
import { exploreHref } from '../question/question';
import { graphql, type ResultOf } from '../shell/client';
import { count } from '../shell/format';
import { Time } from '../shell/time';
import { ManageMember } from './manage-member';
import { Part } from './part';
import { ShownOnce } from './shown-once';

export const MemberFields = graphql(`
  fragment MemberFields on Member {
    key name role disabledAt recentRuns runningRuns lastRunAt
  }
`);
type Member = ResultOf<typeof MemberFields>;

/** Everyone with what they ran of late. Two that are ticked are compared. Who may manage them does that here. */
export function Members({
  members,
  manage,
  again,
}: {
  members: readonly Member[];
  manage: boolean;
  again: () => void;
}) {
  const [link, setLink] = useState<{ text: string; name: string }>();
  const [ticked, setTicked] = useState<readonly string[]>([]);
  const [a, b] = ticked;
  return (
    <Part title={`${count(members.length)} ${members.length === 1 ? 'member' : 'members'}`} id="members">
      <div className="scroll">
        <Table striped aria-label="Members" className="number nowrap">
          <Table.Thead>
            <Table.Tr>
              {[
                'compare',
                'member',
                'name',
                'role',
                'runs in 30 days',
                'running now',
                'latest run',
                'see',
                ...(manage ? ['manage'] : []),
              ].map((name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {members.map((member) => {
              const { key, name, role, disabledAt, recentRuns, runningRuns, lastRunAt } = member;
              const own = { member: { eq: key } };
              return (
                <Table.Tr key={key} data-member={key}>
                  <Table.Td>
                    <Checkbox
                      aria-label={`Compare ${key}`}
                      checked={ticked.includes(key)}
                      onChange={({ currentTarget }) =>
                        // A third takes the place of the first.
                        setTicked(
                          currentTarget.checked
                            ? [...ticked, key].slice(-2)
                            : ticked.filter((one) => one !== key),
                        )
                      }
                    />
                  </Table.Td>
                  <Table.Th scope="row">{key}</Table.Th>
                  <Table.Td>{name}</Table.Td>
                  <Table.Td>
                    {role.toLowerCase()}
                    {disabledAt === null ? '' : ', disabled'}
                  </Table.Td>
                  <Table.Td>{count(recentRuns)}</Table.Td>
                  <Table.Td>
                    {runningRuns > 0 ? (
                      <Anchor component={Link} href={runsHref({ ...own, status: ['RUNNING'] })}>
                        {count(runningRuns)}
                      </Anchor>
                    ) : (
                      'none'
                    )}
                  </Table.Td>
                  <Table.Td>{lastRunAt ? <Time at={lastRunAt} /> : 'never'}</Table.Td>
                  <Table.Td>
                    <Anchor component={Link} href={runsHref(own)} aria-label={`Runs of ${key}`}>
                      runs
                    </Anchor>{' '}
                    <Anchor
                      component={Link}
                      href={exploreHref('/', { where: own })}
                      aria-label={`Chart of ${key}`}
                    >
                      chart
                    </Anchor>
                  </Table.Td>
                  {manage ? (
                    <Table.Td>
                      <ManageMember
                        member={member}
                        again={again}
                        onLink={(text, name) => setLink({ text, name })}
                      />
                    </Table.Td>
                  ) : null}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
      {link ? (
        <ShownOnce
          title={`Give this link to ${link.name}; it is shown this once`}
          what="link"
          text={link.text}
          onClose={() => setLink(undefined)}
        />
      ) : null}
      <Group mt="xs" gap="xs">
        {a && b ? (
          <Button
            component={Link}
            size="compact-sm"
            variant="default"
            href={compareHref({ a: { member: { eq: a } }, b: { member: { eq: b } } })}
          >
            Compare {a} with {b}
          </Button>
        ) : (
          <Text size="sm">Tick two to compare them.</Text>
        )}
      </Group>
    </Part>
  );
}
