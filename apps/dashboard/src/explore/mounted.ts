import { useEffect, useState } from 'react';

/** Whether this is a browser's view, not the server's first one. */
export function useMounted(): boolean {
  const [mounted, setMounted] = useState(false);
  useEffect(() => setMounted(true), []);
  return mounted;
}
