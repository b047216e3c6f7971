import { launch } from './dashboard/browse.ts';
import { benchCurves } from './dashboard/curves.ts';
import { benchExplore } from './dashboard/explore.ts';
import { benchLive } from './dashboard/live.ts';
import { printer } from './dashboard/rows.ts';
import { benchRuns } from './dashboard/runs.ts';
import { setStage } from './dashboard/stage.ts';
import type { BenchRow } from './query.ts';

/**
 * The dashboard in Chromium, as it is served, before a database of a million runs of which 100,000 are of the team that is looked at.
 * The live page is watched for a minute, or for SMALLBATCH_BENCH_LIVE_SECONDS. SMALLBATCH_BENCH_DATABASE_URL names a database (its
 * superuser) to fill once and keep.
 */
export async function benchDashboard(print: (row: BenchRow) => void): Promise<void> {
  const stage = await setStage();
  try {
    const browser = await launch();
    try {
      const bench = { stage, browser, print: printer(print) };
      await benchExplore(bench);
      await benchRuns(bench);
      await benchCurves(bench);
      await benchLive(bench);
    } finally {
      await browser.close();
    }
  } finally {
    await stage.stop();
  }
}
