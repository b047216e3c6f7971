'use client';

import { Button, Group, Text } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import type { RunFilter } from '../filter/filter';
import { type Command, useCommands } from '../shell/commands';
import { count } from '../shell/format';
import { ACTIONS, type Action, runsWord } from './bulk';
import { BulkDialog } from './bulk-dialog';
import type { Sorting } from './columns';
import { ExportMenu } from './export-menu';
import { NoteDialog } from './note-dialog';
import { ALL, chosenFilter, NOTHING, type Selection, sizeOf } from './selection';
import { type Sides, SidesLine, withSide } from './sides';

const NAMES = Object.keys(ACTIONS) as Action[];

/** How many are chosen, and all that can be done with them. Without a choice, what can be done with all that match. */
export function SelectionBar({
  selection,
  total,
  where,
  columns,
  sorting,
  onSelection,
  onChanged,
}: {
  selection: Selection;
  total: number;
  where: RunFilter;
  columns: readonly string[];
  sorting: readonly Sorting[];
  onSelection: (selection: Selection) => void;
  onChanged: () => void;
}) {
  const [action, setAction] = useState<Action>();
  const [noted, setNoted] = useState<string>();
  const [sides, setSides] = useState<Sides>({});
  const n = sizeOf(selection, total);
  const some = n > 0;
  const filter = chosenFilter(selection, where);
  const one = selection.kind === 'keys' && n === 1 ? [...selection.keys][0] : undefined;
  // The commands stay the same while what they act on changes.
  const chooseNow = useRef(onSelection);
  chooseNow.current = onSelection;
  useCommands(
    useMemo(
      (): Command[] => [
        {
          id: 'choose all',
          name: 'Choose all runs that match',
          group: 'Runs',
          keys: 'a',
          run: () => chooseNow.current(ALL),
        },
        ...(some
          ? [
              ...NAMES.map((name) => ({
                id: `bulk ${name}`,
                name: `${ACTIONS[name].name} the chosen runs`,
                group: 'Runs',
                keys: ACTIONS[name].keys,
                run: () => setAction(name),
              })),
              ...(one === undefined
                ? []
                : [
                    {
                      id: 'note run',
                      name: 'Write a note',
                      group: 'Runs',
                      keys: 'w',
                      run: () => setNoted(one),
                    },
                  ]),
              {
                id: 'choose none',
                name: 'Choose no runs',
                group: 'Runs',
                run: () => chooseNow.current(NOTHING),
              },
            ]
          : []),
      ],
      [some, one],
    ),
  );
  return (
    <>
      <SidesLine sides={sides} onSides={setSides} />
      <Group gap="xs" mb="xs" role="toolbar" aria-label="Chosen runs" mih={34}>
        {n === 0 ? (
          <>
            <Text size="sm">None chosen.</Text>
            {total > 0 ? (
              <Button size="compact-md" variant="default" onClick={() => onSelection(ALL)}>
                Choose all {count(total)}
              </Button>
            ) : null}
            <ExportMenu where={where} columns={columns} sorting={sorting} />
          </>
        ) : (
          <>
            <Text size="sm" fw={600} data-testid="chosen">
              {selection.kind === 'all' && n === total ? `All ${runsWord(n)} that match` : runsWord(n)} chosen
            </Text>
            {n < total && selection.kind === 'keys' ? (
              <Button size="compact-md" variant="default" onClick={() => onSelection(ALL)}>
                Choose all {count(total)}
              </Button>
            ) : null}
            <Button size="compact-md" variant="default" onClick={() => onSelection(NOTHING)}>
              None
            </Button>
            {NAMES.map((name) => (
              <Button
                key={name}
                size="compact-md"
                variant="default"
                color={name === 'delete' ? 'red' : undefined}
                onClick={() => setAction(name)}
              >
                {ACTIONS[name].name} …
              </Button>
            ))}
            {one === undefined ? null : (
              <Button size="compact-md" variant="default" onClick={() => setNoted(one)}>
                Note …
              </Button>
            )}
            <Button
              size="compact-md"
              variant="default"
              onClick={() => setSides(withSide(sides, 'a', filter))}
            >
              Compare as A
            </Button>
            <Button
              size="compact-md"
              variant="default"
              onClick={() => setSides(withSide(sides, 'b', filter))}
            >
              as B
            </Button>
            <ExportMenu where={filter} columns={columns} sorting={sorting} />
          </>
        )}
      </Group>
      {action ? (
        <BulkDialog
          action={action}
          selection={selection}
          where={where}
          onClose={() => setAction(undefined)}
          onChanged={() => {
            if (action === 'delete') onSelection(NOTHING);
            onChanged();
          }}
        />
      ) : null}
      {noted === undefined ? null : <NoteDialog runKey={noted} onClose={() => setNoted(undefined)} />}
    </>
  );
}
