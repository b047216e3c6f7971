import { Writable } from 'node:stream';
import { makeLogger } from '../../../apps/api/src/log.ts';
import type { Answer } from './server.ts';

/** A logger as the server has it, and what it has written. */
export function logLines() {
  const lines: string[] = [];
  const logger = makeLogger(
    new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    }),
  );
  const read = (): Answer[] => lines.map((line) => JSON.parse(line));
  return { lines, logger, read };
}
