/**
 * The outline of a set of cells, as an SVG path of straight pieces, so far inside of the cells' edges. `has` says whether the cell of
 * a column and a row is in it; columns and rows count from the top left.
 */
export function contour(
  columns: number,
  rows: number,
  has: (column: number, row: number) => boolean,
  at: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  inside: number,
): string {
  const inSet = (column: number, row: number): boolean =>
    column >= 0 && row >= 0 && column < columns && row < rows && has(column, row);
  const pieces: string[] = [];
  // How much shorter (or longer, at an inner corner) a piece is at an end, by its two neighbours there.
  const end = (beside: boolean, across: boolean): number => (beside ? (across ? -inside : 0) : inside);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      if (!inSet(column, row)) continue;
      const [left, right] = [at.x + column * at.width, at.x + (column + 1) * at.width];
      const [top, bottom] = [at.y + row * at.height, at.y + (row + 1) * at.height];
      for (const side of [-1, 1]) {
        if (!inSet(column, row + side)) {
          const y = side < 0 ? top + inside : bottom - inside;
          const from = left + end(inSet(column - 1, row), inSet(column - 1, row + side));
          const to = right - end(inSet(column + 1, row), inSet(column + 1, row + side));
          pieces.push(`M${from} ${y}H${to}`);
        }
        if (!inSet(column + side, row)) {
          const x = side < 0 ? left + inside : right - inside;
          const from = top + end(inSet(column, row - 1), inSet(column + side, row - 1));
          const to = bottom - end(inSet(column, row + 1), inSet(column + side, row + 1));
          pieces.push(`M${x} ${from}V${to}`);
        }
      }
    }
  return pieces.join('');
}
