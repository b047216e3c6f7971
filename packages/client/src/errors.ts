/** The API answered with a fault: its code and message say what to change. */
export class ApiError extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** The API could not be reached, however often it was tried. */
export class Unreachable extends Error {}
