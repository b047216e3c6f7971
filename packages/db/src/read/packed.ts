/** Columns of a large answer by name. Rows travel as one text of bytes: a fifth of the time that rows of text take to make and to read. */
export type Layout = Readonly<Record<string, 'int4' | 'float8'>>;
export type Columns<L extends Layout> = { [K in keyof L]: L[K] extends 'int4' ? Int32Array : Float64Array };

/** SQL of an aggregate over rows that have these columns, in their order. No column may be null. */
export const pack = (layout: Layout): string =>
  `string_agg(${Object.entries(layout)
    .map(([name, type]) => `${type}send(${name}::${type})`)
    .join(' || ')}, ''::bytea)`;

/** The columns of what `pack` made; of no rows it is null. */
export function unpack<L extends Layout>(packed: Buffer | null, layout: L): Columns<L> {
  const entries = Object.entries(layout);
  const width = entries.reduce((sum, [, type]) => sum + (type === 'int4' ? 4 : 8), 0);
  const bytes = packed ?? Buffer.alloc(0);
  const count = bytes.length / width;
  let offset = 0;
  const columns = entries.map(([name, type]) => {
    const column = type === 'int4' ? new Int32Array(count) : new Float64Array(count);
    for (let i = 0, at = offset; i < count; i++, at += width)
      column[i] = type === 'int4' ? bytes.readInt32BE(at) : bytes.readDoubleBE(at);
    offset += type === 'int4' ? 4 : 8;
    return [name, column];
  });
  return Object.fromEntries(columns);
}
