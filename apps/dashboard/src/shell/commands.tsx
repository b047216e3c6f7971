'use client';

import { Kbd, Modal, Table, Text } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { makeStore, useStore } from './store';

/** Something that can be done here, by the palette and, where it has keys, by the keyboard. */
export interface Command {
  readonly id: string;
  /** What it does, as in a menu: "Save as SVG". */
  readonly name: string;
  /** Heading in the palette and in the list of keys. */
  readonly group: string;
  /** One key ("f", "?"), or two after each other ("g e"). */
  readonly keys?: string;
  readonly run: () => void;
}

const lists = makeStore<readonly (readonly Command[])[]>([]);
const helping = makeStore(false);
/** How often the palette was asked for. */
const asked = makeStore(0);

/** Adds commands for as long as the component is there. Give a list that changes only when what it does changes. */
export function useCommands(commands: readonly Command[]): void {
  useEffect(() => {
    lists.set((before) => [...before, commands]);
    return () => lists.set((before) => before.filter((list) => list !== commands));
  }, [commands]);
}

export function useAllCommands(): readonly Command[] {
  const all = useStore(lists, NONE);
  return useMemo(() => all.flat(), [all]);
}
const NONE: readonly (readonly Command[])[] = [];

export const usePaletteAsked = (): number => useStore(asked, 0);
export const openPalette = (): void => asked.set((before) => before + 1);
export const openHelp = (): void => helping.set(true);

/** How long the second of two keys is waited for. */
const SEQUENCE_MS = 1200;

/** Listens for the keys of what can be done on the page, and lists them when `?` is pressed. */
export function Keys() {
  useEffect(() => {
    let first = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const press = (event: KeyboardEvent): void => {
      const typing = isTyping(event.target);
      if (((event.ctrlKey || event.metaKey) && event.key === 'k') || (event.key === '/' && !typing)) {
        event.preventDefault();
        openPalette();
        return;
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing) return;
      if (event.key === '?') openHelp();
      if (event.key === '?' || event.key.length !== 1) return;
      const keys = first ? `${first} ${event.key}` : event.key;
      const all = lists.get().flat();
      clearTimeout(timer);
      first = '';
      const command = all.findLast((one) => one.keys === keys);
      if (command) {
        event.preventDefault();
        command.run();
      } else if (all.some((one) => one.keys?.startsWith(`${event.key} `))) {
        first = event.key;
        timer = setTimeout(() => {
          first = '';
        }, SEQUENCE_MS);
      }
    };
    window.addEventListener('keydown', press);
    return () => {
      clearTimeout(timer);
      window.removeEventListener('keydown', press);
    };
  }, []);
  return (
    <Modal opened={useStore(helping, false)} onClose={() => helping.set(false)} title="Keys" size="lg">
      <KeyTable />
    </Modal>
  );
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)) &&
  !(target instanceof HTMLInputElement && ['checkbox', 'radio', 'button'].includes(target.type));

function KeyTable() {
  const commands = useAllCommands();
  const rows = [
    { id: 'palette', name: 'Everything that can be done, by its name', keys: 'Ctrl K' },
    { id: 'help', name: 'This list', keys: '?' },
    ...commands.flatMap(({ id, name, keys }) => (keys ? [{ id, name, keys }] : [])),
  ];
  return (
    <>
      <Table aria-label="Keys">
        <Table.Tbody>
          {rows.map(({ id, name, keys }) => (
            <Table.Tr key={id}>
              <Table.Td>
                {keys.split(' ').map((key, i) => (
                  <span key={`${id} ${key}`}>
                    {i > 0 ? ' ' : ''}
                    <Kbd>{key}</Kbd>
                  </span>
                ))}
              </Table.Td>
              <Table.Td>{name}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" mt="sm">
        Tab and Shift Tab move between controls, Enter and Space use them, Escape closes.
      </Text>
    </>
  );
}
