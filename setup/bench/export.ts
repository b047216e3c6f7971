import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchRow } from './query.ts';

export interface ExportBench {
  /** Of a running API, without /graphql. */
  readonly url: string;
  readonly token?: string;
  /** Exports to measure, after one to warm up. */
  readonly times?: number;
  /** Parameters of the export, by case. */
  readonly cases?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Runs a second of exporting all runs of the team to Parquet, and the server's memory above what it had when idle. */
export async function benchExport(row: (row: BenchRow) => void, options: ExportBench): Promise<void> {
  const { url, token, times = 5, cases = { 'export to Parquet': {} } } = options;
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const counted = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query: '{ runs(first: 0) { totalCount } }' }),
  });
  const answer = (await counted.json()) as { data: { runs: { totalCount: number } } };
  const runs = answer.data.runs.totalCount;
  const memory = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
  };
  const once = async (params: Readonly<Record<string, unknown>>): Promise<number> => {
    const began = performance.now();
    const response = await fetch(`${url}/export/runs.parquet`, {
      method: 'POST',
      headers,
      body: JSON.stringify(params),
    });
    if (!response.ok) throw new Error(await response.text());
    // The magic number at its end says that the file is whole.
    let end = Buffer.alloc(0);
    for await (const part of response.body!) end = Buffer.concat([end, part]).subarray(-4);
    if (end.toString() !== 'PAR1') throw new Error('the export ended too soon');
    return (performance.now() - began) / 1000;
  };
  for (const [name, params] of Object.entries(cases)) {
    const idle = await memory();
    await once(params);
    const seconds: number[] = [];
    let most = 0;
    let measuring = true;
    const watching = (async () => {
      while (measuring) {
        most = Math.max(most, await memory());
        await sleep(50);
      }
    })();
    for (let i = 0; i < times; i++) seconds.push(await once(params));
    measuring = false;
    await watching;
    const rates = seconds.map((one) => runs / one).sort((a, b) => a - b);
    const measured = { bench: 'query', params: { runs, ...params }, n: times };
    row({
      ...measured,
      case: name,
      value: rates[Math.floor(times / 2)]!,
      unit: 'runs/s',
      min: rates[0]!,
      max: rates[times - 1]!,
    });
    const above = (most - idle) / 1e6;
    row({
      ...measured,
      case: `${name}, memory above idle`,
      value: above,
      unit: 'MB',
      min: above,
      max: above,
    });
  }
}
