'use client';

import { Anchor, Group, Title } from '@mantine/core';
import Link from 'next/link';
import { useMemo } from 'react';
import { useLiveQuery } from '../shell/activity';
import { graphql } from '../shell/client';
import { Failed, Loading } from '../shell/state';
import { ViewBar } from '../view/view-bar';
import { Webhooks } from '../webhook/webhooks';
import { DatasetFields, Datasets } from './datasets';
import { Feed } from './feed';
import { Invitations } from './invitations';
import { MemberFields, Members } from './members';
import { MetricFields, Metrics } from './metrics';
import { NoticeFields, Notices } from './notices';
import { Tokens } from './tokens';
import { WorkerFields, Workers } from './workers';

const TeamPage = graphql(
  `
  query TeamPage {
    viewer { team { name } may session { id } }
    notices { ...NoticeFields }
    members { ...MemberFields }
    workers { ...WorkerFields }
    datasets { ...DatasetFields }
    metrics { ...MetricFields }
  }
`,
  [NoticeFields, MemberFields, WorkerFields, DatasetFields, MetricFields],
);

/** Who there is, what they and their workers do, and what happens. */
export function Team() {
  const variables = useMemo(() => ({}), []);
  const [{ data, error, fetching }, again] = useLiveQuery({ query: TeamPage, variables });
  if (error && !data) return <Failed message={error.message} again={again} />;
  if (!data) return <Loading what="the team" />;
  const { viewer, notices, members, workers, datasets, metrics } = data;
  return (
    <div aria-busy={fetching}>
      <Group justify="space-between">
        <Title order={1} size="h3">
          Team {viewer.team.name}
        </Title>
        <Group>
          {viewer.may.includes('SEE_AUDIT') ? (
            <Anchor component={Link} href="/audit">
              What was done, by whom
            </Anchor>
          ) : null}
          <ViewBar page="TEAM" />
        </Group>
      </Group>
      <Notices notices={notices} />
      <Members
        members={members}
        manage={viewer.session !== null && viewer.may.includes('MANAGE_MEMBERS')}
        again={again}
      />
      {viewer.session && viewer.may.includes('INVITE') ? <Invitations /> : null}
      <Workers workers={workers} />
      <Feed />
      <Datasets datasets={datasets} />
      <Metrics metrics={metrics} may={viewer.may.includes('SET_GOALS')} again={again} />
      {viewer.may.includes('MANAGE_TOKENS') ? <Tokens /> : null}
      {viewer.may.includes('MANAGE_WEBHOOKS') ? <Webhooks /> : null}
    </div>
  );
}
