/** A cell of a preset, as far as its picture shows it. */
export interface Dot {
  readonly m: number | null;
  /** η̃; null where it is drawn from an interval. */
  readonly rate: number | null;
  readonly batchNorm: boolean;
  readonly reused?: boolean;
}

type File = Readonly<Record<string, unknown>>;

/** The cells of a preset's sweep files by batch size, base learning rate and batch norm, each once. */
export function dotsOf(files: readonly unknown[]): Dot[] {
  const found = new Map<string, Dot>();
  for (const file of files as File[]) {
    const axes = { ...(file.fixed as File | undefined), ...(file.axes as File | undefined) };
    // Tables of what goes together: each row is one direction of the grid.
    const rows = (file.coupled as File[] | undefined)?.flatMap(rowsOf) ?? [{}];
    for (const row of rows)
      for (const m of valuesOf(row.batchSize ?? axes.batchSize))
        for (const rate of valuesOf(row.baseLearningRate ?? axes.baseLearningRate))
          for (const batchNorm of valuesOf(row.batchNorm ?? axes.batchNorm)) {
            const dot: Dot = { m: numberOf(m), rate: numberOf(rate), batchNorm: batchNorm === true };
            found.set(JSON.stringify(dot), dot);
          }
  }
  return [...found.values()];
}

const rowsOf = (table: File): File[] => {
  const [first] = Object.values(table) as unknown[][];
  return (first ?? []).map((_, i) =>
    Object.fromEntries(Object.entries(table).map(([name, values]) => [name, (values as unknown[])[i]])),
  );
};

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function valuesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && 'powersOfTwo' in value) {
    const [low, high] = value.powersOfTwo as [number, number];
    return Array.from({ length: high - low + 1 }, (_, i) => 2 ** (low + i));
  }
  return [value ?? null];
}
