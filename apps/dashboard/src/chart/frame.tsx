'use client';

import { Button, Group, Menu, Title } from '@mantine/core';
import { parseAsArrayOf, parseAsString, useQueryState } from 'nuqs';
import { createContext, type ReactNode, useState } from 'react';
import { warn } from '../shell/notice';
import { type Drawn, offer, savePng, saveSvg } from './save';

/** A chart inside a frame says here how it is saved; → how to take that back. */
export const Saving = createContext<((drawn: Drawn) => () => void) | undefined>(undefined);

export interface ChartFrameProps {
  /** Of this frame among those of the page; stands in the URL while the table is shown. */
  readonly id: string;
  readonly title: string;
  /** The chart. */
  readonly children: ReactNode;
  /** The same numbers as a table. */
  readonly table: ReactNode;
  /** The same numbers as files: addresses of /export, or what writes them, for answers that it does not have. */
  readonly files?: Readonly<Partial<Record<(typeof FILES)[number]['kind'], string | (() => string)>>>;
}

/** A chart with what every chart has: its title, its table, and ways to save it. */
export function ChartFrame({ id, title, children, table, files = {} }: ChartFrameProps) {
  const [drawn, setDrawn] = useState<Drawn>();
  const [register] = useState(() => (one: Drawn) => {
    setDrawn(one);
    return () => setDrawn((now) => (now === one ? undefined : now));
  });
  const [tables, setTables] = useQueryState('tables', TABLES);
  const asTable = tables.includes(id);
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
  return (
    <section aria-label={title} className="frame">
      <Group justify="space-between" wrap="nowrap">
        <Title order={2} size="h5">
          {title}
        </Title>
        <Group gap={4} wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            aria-pressed={asTable}
            aria-label={`Table of ${title}`}
            onClick={() => setTables(asTable ? tables.filter((one) => one !== id) : [...tables, id])}
          >
            Table
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button size="compact-xs" variant="default" aria-label={`Save ${title}`}>
                Save
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {drawn ? (
                <>
                  <Menu.Item
                    onClick={() => savePng(drawn, name).catch((error: Error) => warn(error.message))}
                  >
                    Picture (PNG)
                  </Menu.Item>
                  <Menu.Item onClick={() => saveSvg(drawn, name)}>Drawing (SVG)</Menu.Item>
                </>
              ) : null}
              {FILES.map(({ kind, word, ending, type }) => {
                const file = files[kind];
                if (file === undefined) return null;
                return typeof file === 'string' ? (
                  <Menu.Item key={kind} component="a" href={file} download={`${name}.${ending}`}>
                    Numbers ({word})
                  </Menu.Item>
                ) : (
                  <Menu.Item
                    key={kind}
                    onClick={() => offer(new Blob([file()], { type }), `${name}.${ending}`)}
                  >
                    Numbers ({word})
                  </Menu.Item>
                );
              })}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <Saving value={register}>{asTable ? table : children}</Saving>
    </section>
  );
}

const FILES = [
  { kind: 'csv', word: 'CSV', ending: 'csv', type: 'text/csv' },
  { kind: 'latex', word: 'LaTeX', ending: 'tex', type: 'application/x-tex' },
  { kind: 'markdown', word: 'Markdown', ending: 'md', type: 'text/markdown' },
  { kind: 'parquet', word: 'Parquet', ending: 'parquet', type: 'application/vnd.apache.parquet' },
  { kind: 'ndjson', word: 'NDJSON', ending: 'ndjson', type: 'application/x-ndjson' },
] as const;
const TABLES = parseAsArrayOf(parseAsString).withDefault([]).withOptions({ history: 'replace' });
