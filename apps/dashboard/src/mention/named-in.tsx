'use client';

import { Anchor, Text } from '@mantine/core';
import Link from 'next/link';
import { runsHref } from '../filter/filter';
import { useMembers } from './members';
import { type Named, piecesOf } from './mentions';

const MemberLink = ({ member: { key, name } }: { member: Named }) => (
  <Anchor component={Link} prefetch={false} href={runsHref({ member: { eq: key } })} title={key}>
    {name}
  </Anchor>
);

/** Beneath a note: who is named in what is saved, with the way to their runs. */
export function NamedIn({ note }: { note: string | null }) {
  const pieces = piecesOf(note ?? '', useMembers());
  const named = [
    ...new Map(pieces.flatMap((one) => (typeof one === 'string' ? [] : [[one.key, one]]))).values(),
  ];
  if (named.length === 0) return null;
  return (
    <Text size="sm" mt={4}>
      Names{' '}
      {named.map((member, i) => (
        <span key={member.key}>
          {i > 0 ? ', ' : ''}
          <MemberLink member={member} />
        </span>
      ))}
      .
    </Text>
  );
}
