import type { WorkerUp } from '@smallbatch/db';

export interface Wanting {
  readonly memoryBytes: number;
  readonly trainerVersion: string;
  readonly dataset: { readonly name: string; readonly hash: string };
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Why none of the workers that are up can take a run that waits, with the way out; null where one can. */
export function waitsFor(run: Wanting, up: readonly WorkerUp[]): string | null {
  if (up.length === 0) return 'no worker is up: start one (smallbatch worker)';
  const version = up.filter(({ trainerVersion }) => trainerVersion === run.trainerVersion);
  if (version.length === 0) {
    const seen = [...new Set(up.map(({ trainerVersion }) => trainerVersion))].join(', ');
    return `no worker that is up has trainer version ${run.trainerVersion}; there is ${seen}`;
  }
  const having = version.filter(({ datasets }) => datasets.includes(run.dataset.hash));
  if (having.length === 0) {
    return `no worker that is up has data set "${run.dataset.name}" (${run.dataset.hash.slice(0, 12)}): smallbatch dataset add, where a worker runs`;
  }
  const most = Math.max(...having.map(({ memoryBytes }) => memoryBytes));
  if (most < run.memoryBytes) {
    return `a step needs ${gigabytes(run.memoryBytes)} of memory, and the workers that are up have ${gigabytes(most)} at most`;
  }
  return null;
}
