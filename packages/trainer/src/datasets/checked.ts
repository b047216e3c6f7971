import { readFileSync, statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Size and time of change of files, as they were when their hash was right. */
type Marks = Readonly<Record<string, { readonly size: string; readonly mtime: string }>>;

const MARKER = 'checked.json';

/** Nanoseconds, as text: a double has no room for them. */
function marksOf(folder: string, files: readonly string[]): Marks {
  return Object.fromEntries(
    files.map((file) => {
      const { size, mtimeNs } = statSync(join(folder, file), { bigint: true });
      return [file, { size: String(size), mtime: String(mtimeNs) }];
    }),
  );
}

/** Runs a check of files of a folder, unless it has passed before and they have not been touched since. */
export async function checkOnce(
  folder: string,
  files: readonly string[],
  check: () => Promise<void>,
): Promise<void> {
  const marker = join(folder, MARKER);
  const marks = JSON.stringify(marksOf(folder, files));
  let passed: string | undefined;
  try {
    passed = readFileSync(marker, 'utf8');
  } catch {
    // Never checked yet.
  }
  if (passed === marks) return;
  await check();
  const draft = `${marker}-${process.pid}-${Date.now()}`;
  // A folder that cannot be written to is checked each time.
  await writeFile(draft, marks)
    .then(() => rename(draft, marker))
    .catch(() => rm(draft, { force: true }).catch(() => {}));
}
