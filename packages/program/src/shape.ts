/** Sizes of a row-major array, outermost first; [] is one number. */
export type Shape = readonly number[];

export const size = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);
