/** Does one step, and says what it is and how long it took: at once on a terminal, when it has ended elsewhere. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const { stderr } = process;
  if (stderr.isTTY) stderr.write(`  ${name} …`);
  const line = (mark: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    stderr.write(`${stderr.isTTY ? '\r\u001b[K' : ''}${mark} ${name} ${seconds} s\n`);
  };
  try {
    const result = await work();
    line('✓');
    return result;
  } catch (error) {
    line('✗');
    throw error;
  }
}
