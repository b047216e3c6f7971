'use client';

import { Button, Menu } from '@mantine/core';
import type { RunFilter } from '../filter/filter';
import { warn } from '../shell/notice';
import { METRIC_VALUES, type MetricValue, metricsOf, orderOf, type Sorting } from './columns';

const FORMATS = { csv: 'CSV', parquet: 'Parquet', ndjson: 'NDJSON' } as const;
type Format = keyof typeof FORMATS;

interface Exported {
  readonly where: RunFilter;
  readonly sorting: readonly Sorting[];
  readonly columns: readonly string[];
}

/** What /export/runs is asked for: the same filter and order, and of metrics and parameters those that are shown. */
export function exportOf({ where, sorting, columns }: Exported) {
  const orderBy = orderOf(sorting);
  const metric = metricsOf(columns);
  const param = columns.flatMap((id) => (id.startsWith('param:') ? [id.slice(6)] : []));
  const values = columns.flatMap((id) => {
    const value = id.startsWith('metric:') ? id.slice(id.lastIndexOf(':') + 1) : '';
    return Object.hasOwn(METRIC_VALUES, value) ? [METRIC_VALUES[value as MetricValue]] : [];
  });
  return {
    where,
    ...(orderBy.length > 0 ? { orderBy } : {}),
    ...(metric.length > 0 ? { metric, summary: [...new Set(values)] } : {}),
    ...(param.length > 0 ? { param } : {}),
  };
}

/** Longer addresses are refused on their way. */
export const LONGEST_ADDRESS = 8000;

export function exportHref(format: Format, exported: Exported): string {
  const { where, orderBy, ...lists } = exportOf(exported);
  const search = new URLSearchParams({ where: JSON.stringify(where) });
  if (orderBy) search.set('orderBy', JSON.stringify(orderBy));
  for (const [name, values] of Object.entries(lists)) for (const value of values) search.append(name, value);
  return `/export/runs.${format}?${search}`;
}

/** The chosen runs as a file: a link that others can open too; where it would be too long, the same as a download. */
export function ExportMenu(exported: Exported) {
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Button variant="default" size="compact-md">
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(FORMATS) as Format[]).map((format) => {
          const href = exportHref(format, exported);
          return href.length <= LONGEST_ADDRESS ? (
            <Menu.Item key={format} component="a" href={href} download={`runs.${format}`}>
              {FORMATS[format]}
            </Menu.Item>
          ) : (
            <Menu.Item key={format} onClick={() => void download(format, exported)}>
              {FORMATS[format]}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

async function download(format: Format, exported: Exported): Promise<void> {
  const response = await fetch(`/export/runs.${format}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(exportOf(exported)),
  });
  if (!response.ok) return warn(`The export was refused: ${(await response.text()).slice(0, 500)}`);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = `runs.${format}`;
  link.click();
  URL.revokeObjectURL(link.href);
}
