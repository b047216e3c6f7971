/** A thread that decodes images, one after the other, while the main one trains. See Decoders. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import sharp, { type Sharp } from 'sharp';
import type { Answer, Inspected, Job } from './decoders.ts';
import type { View } from './views.ts';

// One image is one thread's; what is cached would only be of images that have been seen.
sharp.concurrency(1);
sharp.cache(false);

/** Strict: a file that its decoder has doubts about is not trained on. Colours are taken as they are stored. */
const open = (bytes: Buffer): Sharp => sharp(bytes, { failOn: 'warning', ignoreIcc: true });

/** Pixels as [3, H, W], whatever the file's own channels are. */
async function pixelsOf(image: Sharp): Promise<Uint8Array<ArrayBuffer>> {
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const area = info.width * info.height;
  const { channels } = info;
  const pixels = new Uint8Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const from = Math.min(channel, channels - 1);
    for (let i = 0; i < area; i++) pixels[channel * area + i] = data[i * channels + from]!;
  }
  return pixels;
}

function show(image: Sharp, { region, resized, part, flip }: View): Sharp {
  const { width, height } = resized;
  const shown = image
    .extract(region)
    // Shrinking while a JPEG is loaded is faster, but no longer the filter that is asked for.
    .resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
  if (part) shown.extract(part);
  return flip ? shown.flop() : shown;
}

async function inspect(bytes: Buffer, hash: string): Promise<Inspected> {
  const { width, height } = await open(bytes).metadata();
  await open(bytes).raw().toBuffer();
  return { bytes: bytes.length, hash, width, height };
}

async function run(job: Job): Promise<Inspected | Uint8Array<ArrayBuffer>> {
  const bytes = readFileSync(job.path);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (!job.expected) return inspect(bytes, hash);
  if (hash !== job.expected) throw new Error('it has other bytes than when it was added');
  return pixelsOf(job.view ? show(open(bytes), job.view) : open(bytes));
}

let last: Promise<void> = Promise.resolve();
parentPort!.on('message', ({ id, job }: { id: number; job: Job }) => {
  last = last.then(async () => {
    const answer: Answer = await run(job).then(
      (result) => ({ id, result }),
      (error: Error) => ({ id, reason: error.message }),
    );
    const transfer = 'result' in answer && answer.result instanceof Uint8Array ? [answer.result.buffer] : [];
    parentPort!.postMessage(answer, transfer);
  });
});
