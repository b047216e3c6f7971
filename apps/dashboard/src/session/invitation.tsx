'use client';

import { Anchor, Button, Container, PasswordInput, Text, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Empty, Failed, Loading } from '../shell/state';
import { Time } from '../shell/time';
import { type AuthFault, ask, goTo, type Invited, type Ways } from './ask';
import { SessionForm } from './form';
import { useLinkSecret } from './secret';

/** Behind the link of an invitation: an account is made, or the one that is signed in joins the team. */
export function Invitation() {
  const secret = useLinkSecret();
  const [invited, setInvited] = useState<Invited>();
  const [ways, setWays] = useState<Ways>();
  const [fault, setFault] = useState<AuthFault>();
  useEffect(() => {
    if (!secret) return;
    void ask<Invited>('invitation/look', { secret }).then(({ answer, fault }) => {
      setInvited(answer);
      setFault(fault);
    });
    void ask<Ways>('ways').then(({ answer }) => setWays(answer));
  }, [secret]);
  if (secret === '') return <NoSecret />;
  if (fault && !invited) return <Failed message={fault.message} />;
  if (!secret || !invited) return <Loading what="the invitation" />;
  const { team, role, expiresAt } = invited;
  const come = async (more: object): Promise<AuthFault | undefined> => {
    const { fault } = await ask('invitation', { secret, ...more });
    if (!fault) goTo('/');
    return fault;
  };
  const what = (
    <Text>
      As {role.toLowerCase()} of the team {team}. The invitation is good for one person, until{' '}
      <Time at={expiresAt} />.
    </Text>
  );
  if (ways?.signedIn)
    return (
      <Container size={420} px={0} py="lg">
        {what}
        {fault ? <Failed message={fault.message} /> : null}
        <Button mt="md" fullWidth onClick={() => void come({}).then(setFault)}>
          Join with the account that is signed in
        </Button>
      </Container>
    );
  return (
    <SessionForm title={`Join ${team}`} button="Make my account" onSubmit={come}>
      {what}
      <TextInput label="Name" name="name" autoComplete="name" defaultValue={invited.name ?? ''} required />
      <TextInput
        label="E-mail address"
        description="With it you sign in; nothing is sent to it."
        name="email"
        type="email"
        autoComplete="username"
        defaultValue={invited.email ?? ''}
        required
      />
      <PasswordInput
        label="Password"
        description="10 to 200 characters."
        name="password"
        autoComplete="new-password"
        minLength={10}
        maxLength={200}
        required
      />
      <Text size="sm">
        You have an account here? <Anchor href="/sign-in">Sign in</Anchor>, then open the link again.
      </Text>
    </SessionForm>
  );
}

/** The address was opened without what stands behind its #. */
export function NoSecret() {
  return (
    <Empty title="The link is not whole">
      <Text>Open it as it was given to you, with everything after its #, or ask for another.</Text>
    </Empty>
  );
}
