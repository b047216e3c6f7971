'use client';

import { Text } from '@mantine/core';
import { graphql, useQuery } from '../shell/client';

const ViewerQuery = graphql(
  `query ViewerIs {
    viewer { member { key } role may team { key } account { name } session { id } teams { key name } }
  }`,
);

/** Who looks, and what they may do: asked once for the whole page. Until it is known, nothing is offered that they perhaps may not. */
export function useViewer() {
  const [{ data }] = useQuery({ query: ViewerQuery, variables: {} });
  const viewer = data?.viewer;
  return {
    known: viewer !== undefined,
    key: viewer?.member.key,
    role: viewer?.role,
    /** Undefined where nobody has to sign in. */
    signedIn: viewer?.session ? viewer : undefined,
    /** To make things and change one's own. */
    mayWrite: viewer?.may.includes('CHANGE') ?? false,
  };
}

/** Why there is nothing to change here, for who may only read. */
export function ReadsOnly({ what }: { what: string }) {
  const { known, mayWrite } = useViewer();
  return known && !mayWrite ? (
    <Text size="sm" c="dimmed" data-testid="reads-only">
      You read here: members of the team {what}.
    </Text>
  ) : null;
}
