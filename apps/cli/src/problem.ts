/** Something that a person has to put right: shown as its message alone. `exitCode` 1 failed, 2 wrong use. */
export class Problem extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = 'Problem';
    this.exitCode = exitCode;
  }
}
