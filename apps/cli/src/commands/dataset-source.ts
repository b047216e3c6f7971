import { join } from 'node:path';
import {
  ARCHIVES,
  type Content,
  type DownloadEvent,
  download,
  type Files,
  generateShapes,
  holdsCifar,
  RECIPES,
  readCifar,
  readImages,
} from '@smallbatch/trainer';
import { note } from '../output/print.ts';
import { duration, plain } from '../output/screen.ts';
import { Problem } from '../problem.ts';

/** Where a data set comes from, as the command line says it. */
export interface Source {
  readonly from?: string;
  readonly classMap?: string;
  readonly size?: number;
  readonly mirror?: string | undefined;
  /** A built-in or official data set that it is, whatever its name. */
  readonly kind?: string;
}

/** Seconds between lines of progress; a terminal has one line that changes. */
const QUIET = 5;
const LIVELY = 0.2;

/** Makes, fetches or reads a data set. */
export async function readSource(home: string, name: string, source: Source): Promise<Content | Files> {
  const { from, classMap, size } = source;
  const kind = source.kind ?? name;
  const isOfFolder = from !== undefined && !Object.hasOwn(RECIPES, kind) && !Object.hasOwn(ARCHIVES, kind);
  if ((classMap !== undefined || size !== undefined) && !isOfFolder)
    throw new Problem('invalid --size or --class-map: they are for folders of images (--from FOLDER)', 2);
  if (Object.hasOwn(RECIPES, kind)) {
    if (from)
      throw new Problem(`invalid --from: "${plain(kind)}" is made here, and is never read from a file`, 2);
    return { ...generateShapes(RECIPES[kind]!), name };
  }
  if (Object.hasOwn(ARCHIVES, kind))
    return readCifar(from ?? (await fetchArchive(home, kind, source.mirror)), name, kind);
  if (!from) {
    throw new Problem(
      `missing --from PATH for "${plain(name)}": ${Object.keys(RECIPES).join(', ')} are made here and ${Object.keys(ARCHIVES).join(', ')} fetched; name the folder or tar of anything else`,
      2,
    );
  }
  if (await holdsCifar(from)) {
    if (classMap !== undefined || size !== undefined)
      throw new Problem(`invalid --size or --class-map: ${plain(from)} has CIFAR's binary files`, 2);
    return readCifar(from, name);
  }
  const progress = new Progress();
  const content = await readImages(from, {
    name,
    classMap,
    size,
    onProgress: (done, total) =>
      progress.show(
        done,
        total,
        (rate) => `${done} of ${total} images checked, ${Math.round(rate)} a second`,
      ),
  });
  progress.end();
  return content;
}

async function fetchArchive(home: string, kind: string, mirror: string | undefined): Promise<string> {
  const archive = ARCHIVES[kind]!;
  if (mirror !== undefined && !/^https?:\/\//.test(mirror))
    throw new Problem(`invalid --mirror "${plain(mirror)}": an http or https address is allowed`, 2);
  const progress = new Progress();
  const onEvent = (event: DownloadEvent): void => {
    switch (event.kind) {
      case 'begun':
        note(
          `${plain(event.address)}${event.have > 0 ? `, going on after ${megabytes(event.have)} MB` : ''}`,
        );
        break;
      case 'received':
        progress.show(
          event.bytes,
          event.total,
          (rate) => `${megabytes(event.bytes)} of ${megabytes(event.total)} MB, ${megabytes(rate)} MB/s`,
        );
        break;
      case 'retrying':
        progress.end();
        note(`${plain(event.reason)}; again in ${duration(event.seconds)}`);
        break;
      case 'restarting':
        progress.end();
        note(`from the beginning: ${plain(event.reason)}`);
    }
  };
  const path = await download(mirror ? { ...archive, base: mirror } : archive, join(home, 'downloads'), {
    onEvent,
  });
  progress.end();
  return path;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** Progress on stderr, with the time that is left. */
class Progress {
  readonly #terminal = process.stderr.isTTY;
  #begun: { at: number; done: number } | undefined;
  #shown = Number.NEGATIVE_INFINITY;

  /** `text` is given the rate since the beginning, in units a second. */
  show(done: number, total: number, text: (rate: number) => string): void {
    const now = performance.now() / 1000;
    this.#begun ??= { at: now, done };
    if (done < total && now - this.#shown < (this.#terminal ? LIVELY : QUIET)) return;
    this.#shown = now;
    const rate = (done - this.#begun.done) / Math.max(1e-3, now - this.#begun.at);
    const left = done < total && rate > 0 ? `, ${duration((total - done) / rate)} left` : '';
    if (this.#terminal) process.stderr.write(`\r\x1b[K${text(rate)}${left}`);
    else note(`${text(rate)}${left}`);
  }

  end(): void {
    if (this.#terminal && this.#begun) process.stderr.write('\n');
    this.#begun = undefined;
  }
}
