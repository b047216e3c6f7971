import { useEffect, useState } from 'react';

/** The dashboard brings its font: signs such as 2⁻⁸ and η̃ are there on every machine, and drawn alike. */
export const FONT = "'Roboto Variable', system-ui, sans-serif";

const SIGNS = ['a', '⁻η̃'];

let loaded = false;

/** Whether what measures text before it draws it (charts) may do so; the font is awaited, and its failure, too. */
export function useFont(): boolean {
  const [there, setThere] = useState(loaded);
  useEffect(() => {
    let left = false;
    const fonts = SIGNS.map((signs) => document.fonts.load("12px 'Roboto Variable'", signs));
    void Promise.allSettled(fonts).then(() => {
      loaded = true;
      if (!left) setThere(true);
    });
    return () => {
      left = true;
    };
  }, []);
  return there;
}
