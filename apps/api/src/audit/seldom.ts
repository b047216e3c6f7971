const MINUTE_MS = 60_000;
const MOST = 10_000;
const last = new Map<string, number>();

/** Whether something was not yet, in the last minute of this process. */
export function onceAMinute(what: string, now = Date.now()): boolean {
  const before = last.get(what);
  if (before !== undefined && now - before < MINUTE_MS) return false;
  // The oldest are the first.
  if (last.size >= MOST) last.delete(last.keys().next().value!);
  last.delete(what);
  last.set(what, now);
  return true;
}
