import type { Row } from './rows';

/** The most that the API gives at once. */
export const PAGE = 100;
/** More pages than this are not kept: those farthest from what is looked at are asked for again. */
const MOST_PAGES = 60;

/** Where a page of the list begins, as the API is asked for it. */
export interface Place {
  readonly first?: number;
  readonly after?: string;
  readonly last?: number;
  readonly before?: string;
  readonly skip?: number;
}
export interface Page {
  readonly rows: readonly Row[];
  readonly start: string | null;
  readonly end: string | null;
}

/**
 * How to ask for a page: from the cursor of a loaded neighbour, or, far from all of them, from whatever is nearest, leaving out what
 * lies between: the start, a loaded page before or after it, or the end.
 */
export function placeOf(page: number, total: number, loaded: ReadonlyMap<number, Page>): Place {
  const begin = page * PAGE;
  const size = Math.min(PAGE, total - begin);
  const ways: Place[] = [
    { first: size, skip: begin },
    { last: size, skip: total - begin - size },
  ];
  for (const [at, { start, end }] of loaded) {
    if (at < page && end !== null) ways.push({ first: size, after: end, skip: (page - at - 1) * PAGE });
    if (at > page && start !== null) ways.push({ last: size, before: start, skip: at * PAGE - begin - size });
  }
  const { skip, ...place } = ways.reduce((best, way) => (way.skip! < best.skip! ? way : best));
  return skip ? { ...place, skip } : place;
}

/**
 * A list of runs as of one moment, of which only what is looked at is loaded. Rows never move under the reader: runs that are created
 * later are left out by the filter that `ask` uses.
 */
export class RowList {
  readonly total: number;
  /** Why the last page did not come. */
  problem: string | undefined;
  private readonly pages = new Map<number, Page>();
  private readonly listeners = new Set<() => void>();
  private wanted: readonly [number, number] = [0, 0];
  private loading = false;
  private readonly ask: (place: Place) => Promise<Page>;

  constructor(ask: (place: Place) => Promise<Page>, total: number, first: Page) {
    this.ask = ask;
    this.total = total;
    this.pages.set(0, first);
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The row of a place; undefined while it is not loaded, null where none is any more. */
  at(index: number): Row | null | undefined {
    const page = this.pages.get(Math.floor(index / PAGE));
    return page && (page.rows[index % PAGE] ?? null);
  }

  /** What is looked at: its pages are loaded, and asked for before any other. */
  want(from: number, to: number): void {
    this.wanted = [Math.floor(from / PAGE), Math.floor(to / PAGE)];
    void this.load();
  }

  /** Tries again what did not come. */
  again(): void {
    this.problem = undefined;
    void this.load();
  }

  /** Keys of a range, loaded or not. */
  async keys(from: number, to: number): Promise<string[]> {
    const keys: string[] = [];
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page++) {
      const { rows } = this.pages.get(page) ?? (await this.take(page));
      keys.push(...rows.slice(Math.max(0, from - page * PAGE), to - page * PAGE + 1).map(({ key }) => key));
    }
    return keys;
  }

  /** Keys of the rows between two places that are loaded. */
  loadedKeys(from: number, to: number): string[] {
    const keys: string[] = [];
    for (let i = from; i <= to; i++) {
      const row = this.at(i);
      if (row) keys.push(row.key);
    }
    return keys;
  }

  /** Newer values of rows, which stay where they are. */
  renew(rows: readonly Row[]): void {
    const byKey = new Map(rows.map((row) => [row.key, row]));
    for (const [at, page] of this.pages)
      if (page.rows.some(({ key }) => byKey.has(key)))
        this.pages.set(at, { ...page, rows: page.rows.map((row) => byKey.get(row.key) ?? row) });
    this.tell();
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      for (let page = this.missing(); page !== undefined; page = this.missing()) {
        await this.take(page);
        this.problem = undefined;
        this.tell();
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.tell();
    } finally {
      this.loading = false;
    }
  }

  private missing(): number | undefined {
    const [from, to] = this.wanted;
    for (let page = from; page <= to && page * PAGE < this.total; page++)
      if (!this.pages.has(page)) return page;
  }

  private async take(page: number): Promise<Page> {
    const taken = await this.ask(placeOf(page, this.total, this.pages));
    this.pages.set(page, taken);
    const [from, to] = this.wanted;
    const far = (at: number): number => Math.max(from - at, at - to);
    while (this.pages.size > MOST_PAGES)
      this.pages.delete([...this.pages.keys()].reduce((most, at) => (far(at) > far(most) ? at : most)));
    return taken;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
