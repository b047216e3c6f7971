'use client';

import { Button, Menu } from '@mantine/core';
import { useMounted } from '@mantine/hooks';
import Link from 'next/link';
import { graphql, useQuery } from '../shell/client';
import { ask, goTo } from './ask';

const WhoQuery = graphql(
  `query Who { viewer { member { key } team { key } account { name } session { id } teams { key name } } }`,
);

/** Who is signed in, the teams to switch to, and the way out. Nothing where nobody has to sign in. */
export const Person = () => (useMounted() ? <SignedIn /> : null);

function SignedIn() {
  const [{ data }] = useQuery({ query: WhoQuery });
  if (!data?.viewer.session) return null;
  const { account, member, team, teams } = data.viewer;
  const others = teams.filter(({ key }) => key !== team.key);
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default">
          {account.name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item component={Link} href={`/team?${new URLSearchParams({ mentioned: member.key })}#activity`}>
          Mentions of me
        </Menu.Item>
        {others.length > 0 ? <Menu.Label>Teams</Menu.Label> : null}
        {others.map(({ key, name }) => (
          <Menu.Item
            key={key}
            onClick={async () => {
              const { fault } = await ask('team', { team: key });
              if (!fault) goTo('/');
            }}
          >
            Go to {name}
          </Menu.Item>
        ))}
        <Menu.Item
          onClick={async () => {
            await ask('sign-out', {});
            goTo('/sign-in');
          }}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
