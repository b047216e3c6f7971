/** Metrics that are drawn in one chart: of training and of test. */
export interface MetricGroup {
  /** "accuracy". */
  readonly id: string;
  readonly metrics: readonly string[];
}

const FIRST = ['accuracy', 'loss', 'learning_rate', 'samples_per_second'];

/** Training and test of one quantity together; the well-known first, the others by their names. */
export function metricGroups(names: readonly string[]): MetricGroup[] {
  const groups = new Map<string, string[]>();
  for (const name of [...new Set(names)].sort()) {
    const id = name.replace(/^(train|test)_/, '');
    groups.set(id, [...(groups.get(id) ?? []), name]);
  }
  const place = (id: string): number => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
  return [...groups]
    .map(([id, metrics]) => ({ id, metrics }))
    .sort((a, b) => place(a.id) - place(b.id) || (a.id < b.id ? -1 : 1));
}
