'use client';

import { Kbd, Modal, Table, Text } from '@mantine/core';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';

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

interface Registry {
  readonly all: readonly Command[];
  help(): void;
  /** How often the palette was asked for. */
  readonly asked: number;
  open(): void;
}

const Commands = createContext<Registry>({
  all: [],
  help: () => {},
  asked: 0,
  open: () => {},
});

type Add = (commands: readonly Command[]) => () => void;
/** Never changes, so that adding commands draws nobody anew who adds some: whose list then changed would add for ever. */
const Adding = createContext<Add>(() => () => {});

/** How long the second of two keys is waited for. */
const SEQUENCE_MS = 1200;

/** Keeps what can be done on the page, listens for its keys, and lists them when `?` is pressed. */
export function CommandsProvider({ children }: { children: ReactNode }) {
  const [lists, setLists] = useState<readonly (readonly Command[])[]>([]);
  const [helping, setHelping] = useState(false);
  const [asked, setAsked] = useState(0);
  const all = useMemo(() => lists.flat(), [lists]);
  const add = useCallback<Add>((commands) => {
    setLists((before) => [...before, commands]);
    return () => setLists((before) => before.filter((list) => list !== commands));
  }, []);
  const registry = useMemo<Registry>(
    () => ({
      all,
      help: () => setHelping(true),
      asked,
      open: () => setAsked((before) => before + 1),
    }),
    [all, asked],
  );
  const now = useRef(all);
  now.current = all;
  useEffect(() => {
    let first = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const press = (event: KeyboardEvent): void => {
      const typing = isTyping(event.target);
      if (((event.ctrlKey || event.metaKey) && event.key === 'k') || (event.key === '/' && !typing)) {
        event.preventDefault();
        setAsked((before) => before + 1);
        return;
      }
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing) return;
      if (event.key === '?') setHelping(true);
      if (event.key === '?' || event.key.length !== 1) return;
      const keys = first ? `${first} ${event.key}` : event.key;
      clearTimeout(timer);
      first = '';
      const command = now.current.findLast((one) => one.keys === keys);
      if (command) {
        event.preventDefault();
        command.run();
      } else if (now.current.some((one) => one.keys?.startsWith(`${event.key} `))) {
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
    <Commands value={registry}>
      <Adding value={add}>{children}</Adding>
      <Modal opened={helping} onClose={() => setHelping(false)} title="Keys" size="lg">
        <KeyTable commands={all} />
      </Modal>
    </Commands>
  );
}

/** Adds commands for as long as the component is there. Give a list that changes only when what it does changes. */
export function useCommands(commands: readonly Command[]): void {
  const add = useContext(Adding);
  useEffect(() => add(commands), [add, commands]);
}

export const useAllCommands = (): readonly Command[] => useContext(Commands).all;
export const usePalette = (): Pick<Registry, 'asked' | 'open'> => useContext(Commands);
export const useHelp = (): (() => void) => useContext(Commands).help;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)) &&
  !(target instanceof HTMLInputElement && ['checkbox', 'radio', 'button'].includes(target.type));

function KeyTable({ commands }: { commands: readonly Command[] }) {
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
