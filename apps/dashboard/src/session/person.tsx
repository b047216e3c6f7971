'use client';

import { Button, Menu } from '@mantine/core';
import { useMounted } from '@mantine/hooks';
import dynamic from 'next/dynamic';
import Link from 'next/link';
import { useState } from 'react';
import { leave } from '../shell/client';
import { ask, goTo } from './ask';
import { useViewer } from './viewer';

// Asked for rarely: it comes when it is.
const Sessions = dynamic(() => import('./sessions').then((module) => module.Sessions), { ssr: false });

/** Who is signed in, the teams to switch to, and the way out. Nothing where nobody has to sign in. */
export const Person = () => (useMounted() ? <SignedIn /> : null);

function SignedIn() {
  const { signedIn } = useViewer();
  const [sessions, showSessions] = useState(false);
  if (!signedIn) return null;
  const { account, member, team, teams } = signedIn;
  const others = teams.filter(({ key }) => key !== team.key);
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Button size="compact-sm" variant="default">
            {account.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            href={`/team?${new URLSearchParams({ mentioned: member.key })}#activity`}
          >
            Mentions of me
          </Menu.Item>
          {others.length > 0 ? <Menu.Label>Teams</Menu.Label> : null}
          {others.map(({ key, name }) => (
            <Menu.Item
              key={key}
              onClick={async () => {
                const stay = leave();
                const { fault } = await ask('team', { team: key });
                if (fault) stay();
                else goTo('/');
              }}
            >
              Go to {name}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => showSessions(true)}>My sessions</Menu.Item>
          <Menu.Item
            onClick={async () => {
              leave();
              await ask('sign-out', {});
              goTo('/sign-in');
            }}
          >
            Sign out
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {sessions ? <Sessions onClose={() => showSessions(false)} /> : null}
    </>
  );
}
