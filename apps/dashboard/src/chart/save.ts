/** A chart that can be saved: it draws itself as SVG. */
export interface Drawn {
  readonly size: () => { width: number; height: number };
  readonly svg: () => string;
  /** Colour behind it. */
  readonly ground: string;
}

/** PNGs have this many pixels for each of the page's: sharp in print. */
const SCALE = 3;

export function saveSvg(drawn: Drawn, name: string): void {
  offer(new Blob([drawn.svg()], { type: 'image/svg+xml' }), `${name}.svg`);
}

export async function savePng(drawn: Drawn, name: string): Promise<void> {
  const { width, height } = drawn.size();
  const image = new Image(width * SCALE, height * SCALE);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawn.svg())}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = width * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext('2d')!;
  context.fillStyle = drawn.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob)
    throw new Error(`a picture of ${canvas.width} × ${canvas.height} pixels is more than this browser makes`);
  offer(blob, `${name}.png`);
}

/** Hands a file to the person. */
export function offer(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
