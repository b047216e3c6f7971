'use client';

import { useMemo } from 'react';
import { useViewer } from '../session/viewer';
import { useCommands } from '../shell/commands';
import { FilterControl } from './control';
import type { RunFilter } from './filter';
import { filterWords } from './words';

/** The key of the member whose runs a filter asks for, where it does that in so many words; null: everybody's. */
function memberOf({ member }: RunFilter): string | null {
  const { eq, ...rest } = member ?? {};
  return typeof eq === 'string' && Object.keys(rest).length === 0 ? eq : null;
}

/** The same filter for the runs of one member, or for everybody's. */
function withMember({ member: _before, ...rest }: RunFilter, key: string | null): RunFilter {
  return key === null ? rest : { ...rest, member: { eq: key } };
}

/**
 * Mine, the team's, or those of one of `members`: the same on every page, and one key. What stands in the address is the member's key, so that
 * a link shows everybody the same.
 */
export function Whose({
  value,
  what = 'runs',
  members = [],
  onChange,
}: {
  value: string | null;
  what?: string;
  members?: readonly { readonly key: string; readonly name: string }[];
  onChange: (key: string | null) => void;
}) {
  const { key: me } = useViewer();
  useCommands(
    useMemo(
      () =>
        me === undefined
          ? []
          : [
              {
                id: 'whose',
                name: value === me ? `The team's ${what}` : `My ${what} alone`,
                group: 'The question',
                keys: 'h',
                run: () => onChange(value === me ? null : me),
              },
            ],
      [me, value, what, onChange],
    ),
  );
  const others = members.filter(({ key }) => key !== me);
  if (value !== null && value !== me && !others.some(({ key }) => key === value))
    others.push({ key: value, name: value });
  return (
    <select
      aria-label={`Whose ${what}`}
      aria-keyshortcuts="h"
      value={value ?? ''}
      onChange={({ currentTarget }) => onChange(currentTarget.value || null)}
    >
      <option value="">the team’s {what}</option>
      {me === undefined ? null : <option value={me}>my {what}</option>}
      {others.map(({ key, name }) => (
        <option key={key} value={key}>
          {what} of {name}
        </option>
      ))}
    </select>
  );
}

/** Whose runs, and which of those: what the first part says is not said again by the second. */
export function WhichRuns({ value, onChange }: { value: RunFilter; onChange: (filter: RunFilter) => void }) {
  const whose = memberOf(value);
  const rest = whose === null ? value : withMember(value, null);
  return (
    <>
      <Whose value={whose} onChange={(key) => onChange(withMember(value, key))} />:{' '}
      <FilterControl
        label="Runs"
        value={value}
        words={filterWords(rest, 'all of them')}
        onChange={onChange}
      />
    </>
  );
}
