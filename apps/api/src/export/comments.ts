import type { About } from './about.ts';
import type { Table } from './table.ts';

/** Most run keys that a table lists; of more it says how many there are and where to get them. */
export const MOST_KEYS = 500;

/** JSON and links without two hyphens in a row, which would end a comment of Markdown: written as escapes that mean the same. */
const json = (value: unknown): string => JSON.stringify(value).replaceAll('--', '-\\u002d');
const url = (link: string): string => link.replaceAll('--', '-%2D');

/** What a table says of itself, a line each: none has a line break or two hyphens in a row. */
export function comments(about: About, { notes, runs, keys }: Table, runsLink: string): string[] {
  const { link, ...rest } = about;
  const lines = [
    `smallbatch ${json(rest)}`,
    `link: ${url(link)}`,
    ...notes.map((note) => note.replaceAll('--', '–')),
  ];
  const listed = keys.reduce((sum, one) => sum + one.keys.length, 0);
  const total = keys.reduce((sum, one) => sum + one.total, 0);
  if (listed < total || total > MOST_KEYS)
    return [
      ...lines,
      `${total} runs counted of ${runs} that matched; the runs with their keys: ${url(runsLink)}`,
    ];
  lines.push(`keys of the ${total} runs counted, of ${runs} that matched:`);
  for (const one of keys)
    if (one.keys.length > 0) lines.push(`  ${json(one.of).slice(1, -1)}: ${json(one.keys)}`);
  return lines;
}
