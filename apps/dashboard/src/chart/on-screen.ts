import { type RefObject, useEffect, useState } from 'react';

/** So far beyond the edge of the screen things are made ready, so that slow scrolling meets nothing that is old. */
const MARGIN = '200px';

/** Whether an element is on the screen or near to it; on the server, and until the browser has said so, it is not. */
export function useOnScreen(place: RefObject<Element | null>): boolean {
  const [onScreen, setOnScreen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => setOnScreen(entries.at(-1)!.isIntersecting), {
      rootMargin: MARGIN,
    });
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, [place]);
  return onScreen;
}
