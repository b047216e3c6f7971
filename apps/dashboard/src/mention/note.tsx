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

/** A note as it reads: who is named in it leads to their runs. */
export function NoteText({ note }: { note: string }) {
  const pieces = piecesOf(note, useMembers());
  return (
    <Text component="p" m={0} style={{ whiteSpace: 'pre-wrap' }} data-testid="note">
      {pieces.map((piece, i) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name than their place
        typeof piece === 'string' ? piece : <MemberLink key={i} member={piece} />,
      )}
    </Text>
  );
}

/** Beside a note that is being written: who is named in what is saved. */
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
