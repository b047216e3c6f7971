'use client';

import { Amount, Choices } from '../question/controls';
import type { Kept, Ranges } from '../question/ranges';
import type { Ruler } from './parallel';

/** The same ranges as the brushes', for the keyboard and for exact numbers. */
export function RangesByHand({
  rulers,
  ranges,
  onChange,
}: {
  rulers: readonly Ruler[];
  ranges: Ranges;
  onChange: (id: string, kept: Kept | undefined) => void;
}) {
  return (
    <details className="asked">
      <summary>Ranges by hand</summary>
      <ul className="sentence ranges">
        {rulers.map((ruler) => (
          <li key={ruler.id}>
            {ruler.axis.name}{' '}
            {ruler.numeric ? (
              <Between ruler={ruler} kept={ranges[ruler.id]} onChange={(kept) => onChange(ruler.id, kept)} />
            ) : (
              <Names ruler={ruler} kept={ranges[ruler.id]} onChange={(kept) => onChange(ruler.id, kept)} />
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

interface PartProps {
  readonly ruler: Ruler;
  readonly kept: Kept | undefined;
  readonly onChange: (kept: Kept | undefined) => void;
}

function Between({ ruler: { axis, values }, kept, onChange }: PartProps) {
  const pairs = kept && 'ranges' in kept ? kept.ranges : [];
  const [low, high] = pairs.length > 0 ? [pairs[0]![0], pairs.at(-1)![1]] : [null, null];
  const [least, most] = [values[0] as number, values.at(-1) as number];
  const put = (from: number | null, to: number | null): void =>
    onChange(from === null && to === null ? undefined : { ranges: [[from ?? least, to ?? most]] });
  return (
    <>
      from{' '}
      <Amount
        label={`Least ${axis.name}`}
        value={low}
        least={null}
        unit=""
        none={String(least)}
        onChange={(from) => put(from, high)}
      />{' '}
      to{' '}
      <Amount
        label={`Greatest ${axis.name}`}
        value={high}
        least={null}
        unit=""
        none={String(most)}
        onChange={(to) => put(low, to)}
      />
    </>
  );
}

function Names({ ruler: { axis, values, format }, kept, onChange }: PartProps) {
  const all = values.map((value) => ({ value: JSON.stringify(value), name: format(value), of: value }));
  const chosen = kept && 'in' in kept ? kept.in.map((value) => JSON.stringify(value)) : [];
  return (
    <>
      {' is '}
      <Choices
        label={`Values of ${axis.name}`}
        values={chosen}
        options={all}
        words={
          chosen.length > 0
            ? all
                .filter(({ value }) => chosen.includes(value))
                .map(({ name }) => name)
                .join(' or ')
            : 'anything'
        }
        onChange={(next) =>
          onChange(
            next.length > 0
              ? { in: all.filter(({ value }) => next.includes(value)).map(({ of }) => of) }
              : undefined,
          )
        }
      />
    </>
  );
}
