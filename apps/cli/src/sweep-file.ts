import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { plain } from './output/screen.ts';
import { Problem } from './problem.ts';

/** Below the API's limit on a request's body, with room for what is around the definition. */
const MOST_BYTES = 900_000;

/** Problems that are about a key itself, not about its value. */
const ABOUT_KEY = /^unknown (key|axis|setting)|^invalid hyper name/;

/** One thing wrong with a sweep file, as the API names it. */
export interface FileProblem {
  path: readonly (string | number)[];
  value?: unknown;
  message: string;
  allowed: string;
}

export interface SweepFile {
  definition: unknown;
  /** `FILE:7:14: message` and what is allowed there, for each problem. */
  explain(problems: readonly FileProblem[]): string;
}

/** Reads a sweep file, YAML or JSON (which is YAML); `-` is stdin. What is no YAML is refused with line and column. */
export function readSweepFile(path: string): SweepFile {
  const name = path === '-' ? 'stdin' : path;
  const text = readText(path, name);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${plain(name)}:${line}:${col}`;
  };
  const wrong = document.errors.map((error) => `${place(error.pos[0])}: ${plain(error.message)}`);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'number' || Number.isFinite(node.value)) return;
      wrong.push(
        `${place(node.range?.[0] ?? 0)}: invalid number ${String(node.source)}: sweep files hold finite numbers`,
      );
    },
  });
  if (wrong.length > 0) throw new Problem(`invalid sweep file\n${wrong.join('\n')}`);
  return {
    definition: definitionOf(document, name),
    explain: (problems) =>
      problems
        .map(({ path, value, message, allowed }) => {
          const at = place(nodeAt(document, path, ABOUT_KEY.test(message))?.range?.[0] ?? 0);
          return `${at}: ${plain(message)}${missingValue(message, value)}\n    allowed: ${plain(allowed)}`;
        })
        .join('\n'),
  };
}

/** ` (0)` when the message does not name the value already. */
function missingValue(message: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = JSON.stringify(value);
  if (message.includes(text) || message.includes(String(value))) return '';
  return ` (${plain(text.length <= 80 ? text : `${text.slice(0, 77)}…`)})`;
}

function readText(path: string, name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new Problem(`missing sweep file: there is no ${plain(name)}`, 2);
    if (code === 'EISDIR') throw new Problem(`invalid sweep file: ${plain(name)} is a folder`, 2);
    throw new Problem(`Cannot read ${plain(name)}: ${message}`);
  }
  if (bytes.length > MOST_BYTES) {
    throw new Problem(
      `invalid sweep file: ${plain(name)} has ${bytes.length} bytes, at most ${MOST_BYTES} are allowed`,
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(`invalid sweep file: ${plain(name)} is not UTF-8 text`);
  }
}

function definitionOf(document: Document.Parsed, name: string): unknown {
  if (document.contents === null) throw new Problem(`invalid sweep file: ${plain(name)} is empty`);
  if (!isMap(document.contents))
    throw new Problem(`invalid sweep file: ${plain(name)} is not a mapping of keys to values`);
  try {
    return document.toJS();
  } catch (error) {
    throw new Problem(`invalid sweep file: ${(error as Error).message}`);
  }
}

/**
 * The node at a path, or the nearest one above it that the file has. A key that is wrong itself is named where the key
 * stands, a value where the value stands.
 */
function nodeAt(document: Document.Parsed, path: readonly (string | number)[], key: boolean): Node | null {
  for (let depth = path.length; depth > 0; depth--) {
    const above = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const last = path[depth - 1]!;
    if (isMap(above)) {
      const pair = above.items.find(({ key }) => isScalar(key) && String(key.value) === String(last));
      if (pair) return (key || !isScalar(pair.value) ? pair.key : pair.value) as Node;
    } else {
      const node = document.getIn(path.slice(0, depth), true);
      if (node) return node as Node;
    }
  }
  return document.contents;
}
