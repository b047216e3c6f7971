'use client';

import { useEffect, useState } from 'react';

/**
 * The secret of a link, which stands behind its #, so that no server's log has it. It goes out of the address at once, and so out of
 * the browser's history. Undefined until the page has looked; '' where there is none.
 */
export function useLinkSecret(): string | undefined {
  const [secret, setSecret] = useState<string>();
  useEffect(() => {
    // A second look, as React takes while one develops, finds the address bare.
    setSecret((before) => before || window.location.hash.slice(1));
    window.history.replaceState(window.history.state, '', window.location.pathname);
  }, []);
  return secret;
}
