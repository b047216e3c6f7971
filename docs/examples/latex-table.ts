// Accuracy in per cent as a LaTeX table, the best of each column in bold, ± deviation (n): npx tsx docs/examples/latex-table.ts
import { createClient, graphql } from '@smallbatch/client';

const { pivot } = await createClient().query(
  graphql(`{ pivot(rows: [BATCH_SIZE], columns: [DATASET, BATCH_NORM], best: [BASE_LEARNING_RATE]) {
    columns { dataset batchNorm }
    rows { batchSize cells { state bestInColumn group { mean sd n } } } } }`),
);
const line = (...cells: (string | number | null)[]) => `${cells.join(' & ')} \\\\`;
const name = (text: string | null) => text?.replace(/[_%&#$]/g, '\\$&');
const percent = (share: number) => (100 * share).toFixed(1);
const rows = pivot.rows.map(({ batchSize, cells }) =>
  line(
    batchSize,
    ...cells.map(({ state, bestInColumn, group }) => {
      if (state !== 'VALUE') return state === 'MISSING' ? '--' : state.toLowerCase();
      const mean = bestInColumn ? `\\mathbf{${percent(group!.mean!)}}` : percent(group!.mean!);
      return `$${mean}${group!.sd === null ? '' : ` \\pm ${percent(group!.sd)}`}$ (${group!.n})`;
    }),
  ),
);
const head = line('$m$', ...pivot.columns.map((c) => `${name(c.dataset)}${c.batchNorm ? ', BN' : ''}`));
const begin = `\\begin{tabular}{r${'l'.repeat(pivot.columns.length)}}`;
console.log([begin, '\\toprule', head, '\\midrule', ...rows, '\\bottomrule', '\\end{tabular}'].join('\n'));
