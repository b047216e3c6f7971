'use client';

import { type RunFilter, seriesName } from '../axis/axis';
import { FilterControl } from '../filter/control';
import { EVERYTHING, parseAsFilter } from '../filter/filter';
import type { ResultOf } from '../shell/client';
import { graphql } from '../shell/client';
import { count } from '../shell/format';

/** What a side can be chosen from. */
export const Offers = graphql(`
  query CompareOffers {
    viewer { member { key } }
    members { key recentRuns lastRunAt }
    sweeps(first: 100) { totalCount nodes { key } }
    savedViews { key name query }
    metrics { name }
    engines: aggregate(by: [ENGINE]) { groups { engine runs } }
    augmentation: aggregate(by: [AUGMENTATION]) { groups { augmentation } }
    batchNorm: aggregate(by: [BATCH_NORM]) { groups { batchNorm } }
  }
`);
export type Offered = ResultOf<typeof Offers>;

interface Offer {
  readonly name: string;
  readonly filter: RunFilter;
}
interface Offering {
  readonly heading: string;
  readonly offers: readonly Offer[];
  /** How many more there are than are listed. */
  readonly more: number;
}

const either = (field: 'batchNorm' | 'augmentation', axis: 'BATCH_NORM' | 'AUGMENTATION'): Offer[] =>
  [true, false].map((eq) => ({ name: seriesName(axis, eq), filter: { [field]: { eq } } }));

/** One's own runs, and those of all others: written with the member's key, so that a link shows everybody the same. */
export const mineAndOthers = (key: string): [RunFilter, RunFilter] => [
  { member: { eq: key } },
  { not: { member: { eq: key } } },
];

/** Everything that is offered, under its heading. A saved view is offered for its runs. */
export function offerings({ viewer, members, sweeps, savedViews, engines }: Offered): Offering[] {
  const [mine, others] = mineAndOthers(viewer.member.key);
  const all: Offering[] = [
    {
      heading: "Mine and the team's",
      offers: [
        { name: 'my runs', filter: mine },
        { name: 'everybody else’s runs', filter: others },
        { name: 'the team’s runs', filter: EVERYTHING },
      ],
      more: 0,
    },
    {
      heading: 'Members',
      offers: members
        .filter(({ key }) => key !== viewer.member.key)
        .map(({ key }) => ({ name: key, filter: { member: { eq: key } } })),
      more: 0,
    },
    {
      heading: 'Sweeps',
      offers: sweeps.nodes.map(({ key }) => ({ name: key, filter: { sweep: { eq: key } } })),
      more: sweeps.totalCount - sweeps.nodes.length,
    },
    {
      heading: 'Settings',
      offers: [...either('batchNorm', 'BATCH_NORM'), ...either('augmentation', 'AUGMENTATION')],
      more: 0,
    },
    {
      heading: 'Engines',
      offers: engines.groups.flatMap(({ engine }) =>
        engine === null ? [] : [{ name: engine, filter: { engine: { eq: engine } } }],
      ),
      more: 0,
    },
    {
      heading: 'Saved views',
      offers: savedViews.flatMap(({ name, query }) => {
        const filter = parseAsFilter.parse(new URLSearchParams(query).get('where') ?? '');
        return filter ? [{ name, filter }] : [];
      }),
      more: 0,
    },
  ];
  return all.filter(({ offers }) => offers.length > 0);
}

/** One side: from the list of what there is, or by any filter. */
export function SideControl({
  label,
  value,
  offered,
  onChange,
}: {
  label: string;
  value: RunFilter | null;
  offered: readonly Offering[];
  onChange: (filter: RunFilter) => void;
}) {
  const said = JSON.stringify(value);
  const chosen = offered
    .flatMap(({ offers }) => offers)
    .find(({ filter }) => JSON.stringify(filter) === said);
  return (
    <>
      <select
        aria-label={`${label} is`}
        value={value === null ? '' : chosen ? said : 'other'}
        onChange={({ currentTarget }) => {
          if (currentTarget.value === 'other') onChange(value ?? EVERYTHING);
          else onChange(JSON.parse(currentTarget.value) as RunFilter);
        }}
      >
        {value === null ? <option value="">choose …</option> : null}
        <option value="other">a filter</option>
        {offered.map(({ heading, offers, more }) => (
          <optgroup key={heading} label={heading}>
            {offers.map(({ name, filter }) => (
              <option key={`${name} ${JSON.stringify(filter)}`} value={JSON.stringify(filter)}>
                {name}
              </option>
            ))}
            {more > 0 ? <option disabled>{count(more)} more: choose a filter</option> : null}
          </optgroup>
        ))}
      </select>
      {value !== null && !chosen ? (
        <>
          {' '}
          <FilterControl label={`Runs of ${label}`} value={value} onChange={onChange} />
        </>
      ) : null}
    </>
  );
}
