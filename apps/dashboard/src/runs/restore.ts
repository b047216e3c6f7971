'use client';

import { useMutation } from '@urql/next';
import { useCallback } from 'react';
import { graphql } from '../shell/client';
import { tell, warn } from '../shell/notice';
import { othersWords, runsWord } from './bulk';

const RestoreRuns = graphql(`
  mutation RestoreRuns($deletion: String!) {
    result: restoreRuns(deletion: $deletion) {
      __typename
      ... on RunsRestored { runs others notRestored { key why } }
      ... on NotYours { message } ... on NotFound { message }
    }
  }
`);
const WHY = {
  ANSWERED: 'another run answers their configuration by now',
  RETRAINED: 'the run that took their key was trained since',
} as const;

/** Brings back the runs of a deletion, and says what came back and what did not. */
export function useRestore(onRestored: () => void): (deletion: string) => Promise<void> {
  const [, restore] = useMutation(RestoreRuns);
  return useCallback(
    async (deletion) => {
      const { data, error } = await restore({ deletion });
      const result = data?.result;
      if (!result) return warn(error?.message ?? 'no answer');
      if (result.__typename !== 'RunsRestored') return warn(result.message);
      tell(`${runsWord(result.runs)} are back.${othersWords(result.others)}`);
      const { notRestored } = result;
      if (notRestored.length > 0) {
        const reasons = Object.entries(WHY).flatMap(([why, words]) => {
          const keys = notRestored.filter((one) => one.why === why).map(({ key }) => key);
          return keys.length > 0
            ? [
                `${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ` and ${keys.length - 5} more` : ''}: ${words}`,
              ]
            : [];
        });
        warn(
          `${runsWord(notRestored.length)} did not come back. ${reasons.join('; ')}. Delete that one first.`,
        );
      }
      onRestored();
    },
    [restore, onRestored],
  );
}
