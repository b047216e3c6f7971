'use client';

import { PasswordInput } from '@mantine/core';
import { Loading } from '../shell/state';
import { ask, goTo } from './ask';
import { SessionForm } from './form';
import { NoSecret } from './invitation';
import { useLinkSecret } from './secret';

/** Behind an owner's link: a new password. All sessions of the account end. */
export function Password() {
  const secret = useLinkSecret();
  if (secret === undefined) return <Loading what="the link" />;
  if (secret === '') return <NoSecret />;
  return (
    <SessionForm
      title="A new password"
      button="Set it"
      onSubmit={async ({ password }) => {
        const { fault } = await ask('password', { secret, password });
        if (!fault) goTo('/sign-in');
        return fault;
      }}
    >
      <PasswordInput
        label="New password"
        description="10 to 200 characters. Wherever you are signed in, you will be signed out."
        name="password"
        autoComplete="new-password"
        minLength={10}
        maxLength={200}
        required
        autoFocus
      />
    </SessionForm>
  );
}
