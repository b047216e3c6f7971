'use client';

import { Anchor, List, Text } from '@mantine/core';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { PAGES } from './pages';
import { Empty } from './state';

/** An address that leads nowhere: says which, and where one can go. */
export function NoSuchPage() {
  return (
    <Empty title={`There is no view at ${usePathname()}`}>
      <Text>The views are:</Text>
      <List>
        {PAGES.map(({ href, name }) => (
          <List.Item key={href}>
            <Anchor component={Link} href={href} underline="always">
              {name}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </Empty>
  );
}
