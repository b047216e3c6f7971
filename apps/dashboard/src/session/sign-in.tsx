'use client';

import { Alert, Button, Container, Divider, PasswordInput, Text, TextInput } from '@mantine/core';
import { parseAsString, useQueryState } from 'nuqs';
import { useEffect, useState } from 'react';
import { ask, goTo, safePath, type Ways } from './ask';
import { SessionForm } from './form';

const REFUSED: Readonly<Record<string, string>> = {
  OIDC_REFUSED:
    'The provider knows you, but nobody has given you a place in a team here: ask an owner to invite you.',
  OIDC_FAILED:
    'The provider did not let you in. Try again, or tell whoever runs this server: its log says why.',
};

/** Sign in with a password, or at the provider; then on to what was asked for. */
export function SignIn() {
  const [to] = useQueryState('to', parseAsString);
  const [error] = useQueryState('error', parseAsString);
  const [ways, setWays] = useState<Ways>();
  useEffect(() => {
    void ask<Ways>('ways').then(({ answer }) => setWays(answer));
  }, []);
  const path = safePath(to);
  const refused = error === null ? undefined : REFUSED[error];
  return (
    <>
      {refused ? (
        <Container size={420} px={0} pt="lg">
          <Alert color="red" role="alert" title="That did not work">
            {refused}
          </Alert>
        </Container>
      ) : null}
      <SessionForm
        title="Sign in"
        button="Sign in"
        onSubmit={async ({ email, password }) => {
          const { fault } = await ask('sign-in', { email, password });
          if (!fault) goTo(path);
          return fault;
        }}
      >
        <TextInput
          label="E-mail address"
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus
        />
        <PasswordInput label="Password" name="password" autoComplete="current-password" required />
      </SessionForm>
      {ways?.oidc ? (
        <Container size={420} px={0}>
          <Divider label="or" mb="md" />
          <Button
            component="a"
            variant="default"
            fullWidth
            href={`/auth/oidc/start?${new URLSearchParams({ to: path })}`}
          >
            Sign in with {ways.oidc.name}
          </Button>
        </Container>
      ) : null}
      <Container size={420} px={0} py="md">
        <Text size="sm">
          No account, or no password any more? An owner of your team makes a link for you.
        </Text>
      </Container>
    </>
  );
}
