import {
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parse,
  parseDocument,
  stringify,
} from 'yaml';

/** A key or the place in a list, from the outside in. */
export type Path = readonly (string | number)[];
export type Content = Readonly<Record<string, unknown>>;

/** A sweep file as it is typed, and what it says. */
export interface SweepFile {
  readonly text: string;
  /** Undefined while the text is not YAML of an object: nobody but its writer knows then what it should be. */
  readonly content: Content | undefined;
  readonly syntax: readonly { readonly line: number; readonly message: string }[];
}

/** Nothing is folded: a list that was on one line stays there. */
const WRITE = { lineWidth: 0 } as const;

export const writeFile = (content: unknown): string => {
  const document = parseDocument(stringify(content, WRITE));
  // Lists of numbers are read along a line.
  const flow = (node: unknown): void => {
    if (isSeq(node)) node.flow = node.items.every((item) => isScalar(item));
    if (isCollection(node)) for (const item of node.items) flow(pairValue(item));
  };
  flow(document.contents);
  return document.toString(WRITE);
};
const pairValue = (item: unknown): unknown =>
  typeof item === 'object' && item !== null && 'key' in item && 'value' in item ? item.value : item;

export function readFile(text: string): SweepFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // What is left open is noticed at the end of the text: the last line that has something is the one to look at.
  const last = text.trimEnd().split('\n').length;
  const syntax = document.errors.map(({ message, pos }) => ({
    line: Math.min(last, lines.linePos(pos[0]).line),
    message,
  }));
  if (syntax.length > 0) return { text, content: undefined, syntax };
  try {
    const content: unknown = document.toJS();
    if (content === null && text.trim() === '') return { text, content: {}, syntax };
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return { text, content: content as Content, syntax };
    const message = 'a sweep file is an object: name: …, dataset: …, axes: …';
    return { text, content: undefined, syntax: [{ line: 1, message }] };
  } catch (error) {
    return { text, content: undefined, syntax: [{ line: 1, message: (error as Error).message }] };
  }
}

/** The text with one value changed, or taken out where it is undefined; comments elsewhere stay, and so does how the rest is written. */
export function withValue(text: string, path: Path, value: unknown): string {
  const document = parseDocument(text);
  if (!isMap(document.contents)) document.contents = document.createNode({}) as never;
  if (value === undefined) {
    document.deleteIn(path);
    // Of an object that has nothing left nothing stays.
    for (let parent = path.slice(0, -1); parent.length > 0; parent = parent.slice(0, -1)) {
      const left = document.getIn(parent, true);
      if (isCollection(left) && left.items.length === 0) document.deleteIn(parent);
    }
  } else {
    for (let n = 1; n < path.length; n++)
      if (!isCollection(document.getIn(path.slice(0, n), true)))
        document.setIn(path.slice(0, n), document.createNode({}));
    const before = document.getIn(path, true) as Node | undefined;
    if (typeof value === 'object' && value !== null) {
      const node = document.createNode(value, { flow: true });
      if (before?.comment) node.comment = before.comment;
      document.setIn(path, node);
    } else document.setIn(path, value);
  }
  return isMap(document.contents) && document.contents.items.length === 0
    ? document.commentBefore
      ? `#${document.commentBefore.replaceAll('\n', '\n#')}\n`
      : ''
    : document.toString(WRITE);
}

/** The value at a path; undefined where there is none. */
export function valueIn(content: unknown, path: Path): unknown {
  let value = content;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** The line of a place in the file, or of the nearest thing around it that is there; from 1. */
export function lineOf(text: string, path: readonly string[]): number {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (!pair) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)] as Node | undefined;
      if (!item) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return Math.max(1, lines.linePos(offset).line);
}

/** A value as one types it in a field: "2, 4, 8", "2^-12 … 2^0", "{ uniform: [0, 0.95] }". */
export function fieldText(value: unknown): string {
  if (value === undefined || value === '') return '';
  if (Array.isArray(value) && value.length === 0) return '';
  if (Array.isArray(value) && value.length > 0 && value.every((one) => !Array.isArray(one)))
    return value.map(fieldText).join(', ');
  if (typeof value === 'object' && value !== null && 'powersOfTwo' in value) {
    const ends = value.powersOfTwo;
    if (
      Array.isArray(ends) &&
      ends.length === 2 &&
      ends.every(Number.isInteger) &&
      Object.keys(value).length === 1
    )
      return `2^${ends[0]} … 2^${ends[1]}`;
  }
  if (typeof value === 'number') {
    const exponent = Math.log2(value);
    return value < 1 && Number.isInteger(exponent) ? `2^${exponent}` : String(value);
  }
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
}

/** What was typed in a field, as the value that it means; as text where it means nothing else, so that it is in the file as it was typed. */
export function fieldValue(typed: string): unknown {
  const text = typed.trim();
  if (text === '') return undefined;
  const powers = /^2\^(-?\d+)\s*(?:…|\.{2,3}|to)\s*2\^(-?\d+)$/.exec(text);
  if (powers) return { powersOfTwo: [Number(powers[1]), Number(powers[2])] };
  const numbers = text.replace(/(?<![\w.^])2\^(-?\d+)(?![\w.^])/g, (_, exponent) =>
    String(2 ** Number(exponent)),
  );
  try {
    const list: unknown = parse(`[${numbers}\n]`);
    if (!Array.isArray(list) || list.length === 0) return text;
    return list.length === 1 ? list[0] : list;
  } catch {
    return text;
  }
}
