/** What a worker said of its GPUs at its last heartbeat: memory in bytes, utilisation in 0…1. */
export interface Gpu {
  readonly name: string;
  readonly utilisation: number | null;
  readonly memoryUsed: number | null;
  readonly memoryTotal: number | null;
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** Workers of other people's making may say anything: what is no GPU with a name is passed over. */
export function gpusOf(said: unknown): Gpu[] {
  const all = Array.isArray(said) ? said : said === null || said === undefined ? [] : [said];
  return all.flatMap((one: unknown): Gpu[] => {
    if (typeof one !== 'object' || one === null) return [];
    const { name, utilisation, memoryUsed, memoryTotal } = one as Record<string, unknown>;
    return typeof name === 'string'
      ? [
          {
            name,
            utilisation: numberOf(utilisation),
            memoryUsed: numberOf(memoryUsed),
            memoryTotal: numberOf(memoryTotal),
          },
        ]
      : [];
  });
}
