/** An expected failure of the set-up: its message is all that a person needs to see. */
export class SetupError extends Error {}

/**
 * Does one step of the set-up, and says what it is and how long it took. On a terminal the line is there while it
 * runs; elsewhere it is printed once, when the step has ended.
 */
export async function step(name, work) {
  const started = performance.now();
  if (process.stderr.isTTY) process.stderr.write(`  ${name} …`);
  const line = (mark, end) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(
      `${process.stderr.isTTY ? '\r\u001b[K' : ''}${mark} ${name} ${end ?? `${seconds} s`}\n`,
    );
  };
  try {
    const note = await work();
    line('✓', typeof note === 'string' ? note : undefined);
  } catch (error) {
    line('✗');
    throw error;
  }
}
