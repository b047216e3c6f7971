'use client';

import { Group, Title } from '@mantine/core';
import { useQueryStates } from 'nuqs';
import { useMemo, useState } from 'react';
import { EVERYTHING, isEverything, parseAsFilter } from '../filter/filter';
import { WhichRuns } from '../filter/whose';
import { Failed, HowToBegin, Loading } from '../shell/state';
import { ViewBar } from '../view/view-bar';
import { ColumnPicker } from './column-picker';
import { columnOf, FIRST_COLUMNS, metricsOf, parseAsColumns, parseAsSorting } from './columns';
import { Deletions } from './deletions';
import { useFresh } from './fresh';
import { FreshLine } from './fresh-line';
import { RunGrid } from './run-grid';
import { SearchBox } from './search-box';
import { NOTHING, type Selection } from './selection';
import { SelectionBar } from './selection-bar';
import { Summary } from './summary';
import { useRows } from './use-rows';

const LIST = {
  where: parseAsFilter.withDefault(EVERYTHING),
  order: parseAsSorting.withDefault([]),
  columns: parseAsColumns.withDefault([...FIRST_COLUMNS]),
};

/** All runs that match, as a table of what one likes to see: the whole view is its URL. */
export function Runs() {
  const [{ where, order, columns }, set] = useQueryStates(LIST, { history: 'push' });
  const { rows, busy, problem, again, renew } = useRows(where, order, metricsOf(columns));
  const fresh = useFresh(where, rows, renew);
  const shown = useMemo(() => columns.flatMap((id) => columnOf(id) ?? []), [columns]);
  const asked = JSON.stringify(where);
  const [chosen, setChosen] = useState<{ of: string; selection: Selection }>({
    of: asked,
    selection: NOTHING,
  });
  // What was chosen of another filter is not chosen any more.
  const selection = chosen.of === asked ? chosen.selection : NOTHING;
  const choose = (selection: Selection): void => setChosen({ of: asked, selection });
  return (
    <>
      <Group justify="space-between">
        <Title order={1} size="h3">
          Runs
        </Title>
        <ViewBar page="RUNS" />
      </Group>
      <Group my="sm" gap="sm">
        <SearchBox where={where} onChange={(where) => set({ where }, { history: 'replace' })} />
        <span className="sentence">
          <WhichRuns value={where} onChange={(where) => set({ where })} />
        </span>
        <ColumnPicker
          columns={columns}
          sorting={order}
          onColumns={(columns) => set({ columns }, { history: 'replace' })}
          onSorting={(order) => set({ order })}
        />
        <Deletions onRestored={again} />
      </Group>
      {problem ? <Failed message={problem} again={again} /> : null}
      {!rows && !problem ? <Loading what="the runs" /> : null}
      {rows && !problem ? (
        <>
          <Group gap={0} mb="xs">
            <Summary where={where} counts={fresh.counts} />
            <FreshLine fresh={fresh} onShow={again} />
          </Group>
          <SelectionBar
            selection={selection}
            total={rows.list.total}
            where={where}
            columns={columns}
            sorting={order}
            onSelection={choose}
            onChanged={again}
          />
          {rows.list.total === 0 ? (
            <HowToBegin filtered={!isEverything(where)} />
          ) : (
            <RunGrid
              rows={rows}
              busy={busy}
              columns={shown}
              sorting={order}
              onSorting={(order) => set({ order })}
              selection={selection}
              onSelection={choose}
              onLook={fresh.onLook}
              height="calc(100dvh - 280px)"
            />
          )}
        </>
      ) : null}
    </>
  );
}
