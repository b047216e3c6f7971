/**
 * `: did you mean "batchSize"?` for a name that is a few slips away from a known one, else nothing. The distance is
 * Levenshtein's, with a swap of neighbours as one slip, over lower-case letters; a third of the name may be wrong.
 */
export function nearest(name: string, known: readonly string[]): string {
  if (name.length > 64) return '';
  const wanted = plain(name);
  let best = '';
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const one of known) {
    const distance = slips(wanted, plain(one));
    if (distance < least) {
      best = one;
      least = distance;
    }
  }
  return best === '' ? '' : `: did you mean "${best}"?`;
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function slips(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const shortest = Math.min(changed, above[j]! + 1, row[j - 1]! + 1);
      row.push(swapped ? Math.min(shortest, twoAbove[j - 2]! + 1) : shortest);
    }
    twoAbove = above;
    above = row;
  }
  return above[b.length]!;
}
