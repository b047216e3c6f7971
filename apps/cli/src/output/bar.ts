/**
 * A line that is written anew on a terminal. Elsewhere (a log file, a CI) nothing can be written anew: there a line is printed
 * when it has something new to say and enough time has passed.
 */
export class Bar {
  #shown = '';
  #printedAt = 0;
  readonly #stream: NodeJS.WriteStream;
  readonly #every: number;

  constructor({
    stream = process.stderr,
    everyMs = 15_000,
  }: { stream?: NodeJS.WriteStream; everyMs?: number } = {}) {
    this.#stream = stream;
    this.#every = everyMs;
  }

  update(text: string): void {
    if (text === this.#shown) return;
    if (this.#stream.isTTY) {
      const width = this.#stream.columns ?? 80;
      this.#stream.write(`\r\u001b[K${text.length < width ? text : `${text.slice(0, width - 2)}…`}`);
      this.#shown = text;
    } else if (Date.now() - this.#printedAt >= this.#every) {
      this.#stream.write(`${text}\n`);
      this.#printedAt = Date.now();
      this.#shown = text;
    }
  }

  /** Takes the line away, so that something else can be printed; the next update writes it again. */
  clear(): void {
    if (this.#shown !== '' && this.#stream.isTTY) this.#stream.write('\r\u001b[K');
    this.#shown = '';
  }
}

/** `████████░░░░` of `width` characters. */
export function filled(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
