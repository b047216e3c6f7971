import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END = { signature: 0x06054b50, bytes: 22, comment: 0xffff };
const ENTRY = { signature: 0x02014b50, bytes: 46 };
const LOCAL_BYTES = 30;
const DEFLATED = 8;

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly bytes: number;
  readonly at: number;
}

/** Unpacks the entries of a zip file (a Python wheel is one) for which `place` names a path below `folder`. */
export async function unzip(
  file: string,
  folder: string,
  place: (name: string) => string | undefined,
): Promise<void> {
  const zip = await open(file);
  try {
    for (const entry of await entries(zip, file)) {
      const to = place(entry.name);
      if (to === undefined || entry.name.endsWith('/')) continue;
      const path = resolve(folder, to);
      if (!path.startsWith(resolve(folder) + sep)) {
        throw new Error(`invalid zip file ${file}: "${entry.name}" leads out of its folder`);
      }
      await mkdir(dirname(path), { recursive: true });
      // The local header repeats the name and has extra bytes of its own.
      const local = await read(zip, entry.at, LOCAL_BYTES);
      const start = entry.at + LOCAL_BYTES + local.readUInt16LE(26) + local.readUInt16LE(28);
      const source =
        entry.bytes === 0
          ? new PassThrough().end()
          : createReadStream(file, { start, end: start + entry.bytes - 1 });
      const inflate = entry.method === DEFLATED ? createInflateRaw() : new PassThrough();
      await pipeline(source, inflate, createWriteStream(path));
    }
  } finally {
    await zip.close();
  }
}

async function read(zip: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await zip.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function entries(zip: FileHandle, file: string): Promise<Entry[]> {
  const { size } = await zip.stat();
  const tail = await read(
    zip,
    Math.max(0, size - END.bytes - END.comment),
    Math.min(size, END.bytes + END.comment),
  );
  let end = tail.length - END.bytes;
  while (end >= 0 && tail.readUInt32LE(end) !== END.signature) end--;
  if (end < 0) throw new Error(`invalid zip file ${file}: it has no directory (was its download cut off?)`);
  const directory = await read(zip, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const found: Entry[] = [];
  for (let at = 0; at + ENTRY.bytes <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY.signature) break;
    const [name, extra, comment] = [28, 30, 32].map((place) => directory.readUInt16LE(at + place)) as [
      number,
      number,
      number,
    ];
    found.push({
      name: directory.toString('utf8', at + ENTRY.bytes, at + ENTRY.bytes + name),
      method: directory.readUInt16LE(at + 10),
      bytes: directory.readUInt32LE(at + 20),
      at: directory.readUInt32LE(at + 42),
    });
    at += ENTRY.bytes + name + extra + comment;
  }
  return found;
}
