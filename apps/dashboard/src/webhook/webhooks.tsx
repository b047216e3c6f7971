'use client';

import {
  Alert,
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useMutation } from '@urql/next';
import { useState } from 'react';
import { graphql, type ResultOf, useQuery } from '../shell/client';
import { tell, warn } from '../shell/notice';
import { Failed } from '../shell/state';
import { Part } from '../team/part';
import { Deliveries, DeliveryFields } from './deliveries';
import { KINDS, kindWords, type WebhookKind } from './kinds';

const WebhookFields = graphql(
  `
  fragment WebhookFields on Webhook {
    id url kinds active createdBy { key } deliveries(first: 10) { ...DeliveryFields }
  }
`,
  [DeliveryFields],
);
const WebhooksQuery = graphql(`query Webhooks { webhooks { ...WebhookFields } }`, [WebhookFields]);
const Add = graphql(`
  mutation AddWebhook($url: String!, $kinds: [WebhookKind!]!) {
    addWebhook(url: $url, kinds: $kinds) {
      __typename
      ... on WebhookAdded { secret }
      ... on InvalidInput { problems { message allowed } }
    }
  }
`);
const Change = graphql(`
  mutation ChangeWebhook($id: ID!, $active: Boolean, $kinds: [WebhookKind!]) {
    changeWebhook(id: $id, active: $active, kinds: $kinds) {
      __typename
      ... on NotFound { message }
      ... on InvalidInput { message }
    }
  }
`);
const Rotate = graphql(`
  mutation RotateWebhook($id: ID!) {
    rotateWebhook(id: $id) { __typename ... on WebhookRotated { secret } ... on NotFound { message } }
  }
`);
const Remove = graphql(`
  mutation RemoveWebhook($id: ID!) { removeWebhook(id: $id) { __typename ... on NotFound { message } } }
`);
const Test = graphql(`
  mutation TestWebhook($id: ID!) { testWebhook(id: $id) { __typename ... on NotFound { message } } }
`);

type Shown = ResultOf<typeof WebhookFields>;

/** An owner says which addresses outside are told what happens, and sees whether they were reached. */
export function Webhooks() {
  const [{ data, error }, again] = useQuery({ query: WebhooksQuery, variables: {} });
  const [, add] = useMutation(Add);
  const [kinds, setKinds] = useState<readonly WebhookKind[]>(['SWEEP_ENDED', 'SWEEP_FAILED', 'SWEEP_STUCK']);
  const [secret, setSecret] = useState<string>();
  const anew = () => again({ requestPolicy: 'network-only' });
  if (error && !data) return <Failed message={error.message} again={anew} />;
  return (
    <Part title="Webhooks" id="webhooks">
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          const form = event.currentTarget;
          const url = String(new FormData(form).get('url') ?? '').trim();
          const { data, error } = await add({ url, kinds: [...kinds] });
          const result = data?.addWebhook;
          if (result?.__typename !== 'WebhookAdded') {
            const [first] = result?.problems ?? [];
            return warn(
              first ? `${first.message}; allowed: ${first.allowed}` : (error?.message ?? 'nothing was added'),
            );
          }
          setSecret(result.secret);
          form.reset();
          anew();
        }}
      >
        <Stack gap="xs">
          <TextInput
            label="Address"
            name="url"
            type="url"
            required
            placeholder="https://…"
            description="A POST of JSON is sent there, signed with a secret that is shown once."
            maw={560}
          />
          <KindChoice label="It is told of" kinds={kinds} onChange={setKinds} />
          <Button
            type="submit"
            variant="default"
            disabled={kinds.length === 0}
            style={{ alignSelf: 'start' }}
          >
            Add a webhook
          </Button>
        </Stack>
      </form>
      {secret ? <Secret secret={secret} onClose={() => setSecret(undefined)} /> : null}
      {(data?.webhooks ?? []).map((webhook) => (
        <One key={webhook.id} webhook={webhook} onSecret={setSecret} again={anew} />
      ))}
      {data?.webhooks.length === 0 ? (
        <Text size="sm" mt="xs">
          No address is told anything.
        </Text>
      ) : null}
    </Part>
  );
}

function KindChoice({
  label,
  kinds,
  onChange,
}: {
  label: string;
  kinds: readonly WebhookKind[];
  onChange: (kinds: WebhookKind[]) => void;
}) {
  return (
    <Checkbox.Group label={label} value={[...kinds]} onChange={(chosen) => onChange(chosen as WebhookKind[])}>
      <Group gap="md" mt={4}>
        {KINDS.map(({ kind, name }) => (
          <Checkbox key={kind} value={kind} label={name} />
        ))}
      </Group>
    </Checkbox.Group>
  );
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Alert
      my="sm"
      title="The secret that deliveries are signed with; it is shown this once"
      withCloseButton
      closeButtonLabel="Put the secret away"
      onClose={onClose}
    >
      <Code block tabIndex={0} mb="xs">
        {secret}
      </Code>
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <Button size="xs" variant="default" onClick={copy}>
            {copied ? 'Copied' : 'Copy the secret'}
          </Button>
        )}
      </CopyButton>
    </Alert>
  );
}

function One({
  webhook,
  onSecret,
  again,
}: {
  webhook: Shown;
  onSecret: (secret: string) => void;
  again: () => void;
}) {
  const { id, url, kinds, active, createdBy, deliveries } = webhook;
  const [, change] = useMutation(Change);
  const [, rotate] = useMutation(Rotate);
  const [, remove] = useMutation(Remove);
  const [, test] = useMutation(Test);
  const [asking, ask] = useState<'kinds' | 'remove' | 'rotate'>();
  const [chosen, choose] = useState<readonly WebhookKind[]>(kinds);
  /** → whether it was done; else why not was said. */
  const done = async (
    answer: Promise<{ data?: unknown; error?: { message: string } | undefined }>,
    said: string,
  ): Promise<boolean> => {
    const { data, error } = await answer;
    const [result] = Object.values((data ?? {}) as Record<string, { message?: string }>);
    ask(undefined);
    again();
    const why = error?.message ?? result?.message;
    if (why !== undefined) warn(why);
    else tell(said);
    return why === undefined;
  };
  const host = new URL(url).host;
  return (
    <section aria-label={`Webhook ${host}`} style={{ marginTop: 16 }}>
      <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
        {url}
      </Text>
      <Text size="sm">
        Told of {kinds.map(kindWords).join(', ')}; added by {createdBy?.key ?? 'somebody'}
        {active ? '' : '. Paused: what happens meanwhile is not told later'}.
      </Text>
      <Group gap="xs" my="xs">
        <Tool
          name="Send a test"
          disabled={!active}
          onClick={() => void done(test({ id }), 'A test is on its way: see below how it went.')}
        />
        <Tool
          name={active ? 'Pause' : 'Go on'}
          onClick={() =>
            void done(
              change({ id, active: !active }),
              active ? `${host} is told nothing.` : `${host} is told again.`,
            )
          }
        />
        <Tool
          name="What it is told …"
          onClick={() => {
            choose(kinds);
            ask('kinds');
          }}
        />
        <Tool name="New secret …" onClick={() => ask('rotate')} />
        <Tool name="Remove …" onClick={() => ask('remove')} />
      </Group>
      <Deliveries deliveries={deliveries} again={again} />
      <Modal opened={asking === 'kinds'} onClose={() => ask(undefined)} title={`What ${host} is told of`}>
        <KindChoice label="It is told of" kinds={chosen} onChange={choose} />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => ask(undefined)}>
            Leave it
          </Button>
          <Button
            disabled={chosen.length === 0}
            onClick={() =>
              void done(change({ id, kinds: [...chosen] }), `${host} is told of this from now on.`)
            }
          >
            Save
          </Button>
        </Group>
      </Modal>
      <Modal opened={asking === 'rotate'} onClose={() => ask(undefined)} title={`A new secret for ${host}?`}>
        <Text mb="md">For 24 hours each delivery is signed with the one before too.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(undefined)} data-autofocus>
            Keep it
          </Button>
          <Button
            onClick={async () => {
              const { data, error } = await rotate({ id });
              const result = data?.rotateWebhook;
              ask(undefined);
              if (result?.__typename === 'WebhookRotated') onSecret(result.secret);
              else warn(result?.message ?? error?.message ?? 'the secret is as it was');
              again();
            }}
          >
            Make a new secret
          </Button>
        </Group>
      </Modal>
      <Modal opened={asking === 'remove'} onClose={() => ask(undefined)} title={`Remove ${host}?`}>
        <Text mb="md" style={{ overflowWrap: 'anywhere' }}>
          {url} is told nothing any more, also not what waits, and the list of its deliveries goes.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => ask(undefined)} data-autofocus>
            Keep it
          </Button>
          <Button color="red" onClick={() => void done(remove({ id }), `${host} is removed.`)}>
            Remove it
          </Button>
        </Group>
      </Modal>
    </section>
  );
}

const Tool = ({
  name,
  onClick,
  disabled = false,
}: {
  name: string;
  onClick: () => void;
  disabled?: boolean;
}) => (
  <Button size="compact-sm" variant="default" disabled={disabled} onClick={onClick}>
    {name}
  </Button>
);
