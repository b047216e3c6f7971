import { useMemo } from 'react';
import { type Command, useCommands } from '../shell/commands';

/** A part of the sentence by its label, and the key that goes to it. */
export interface Part {
  readonly label: string;
  readonly keys: string;
}

/** A key for each part of the question's sentence: it is focused, and opened where it is a button. Give a list that changes only with what it names. */
export function usePartCommands(parts: readonly Part[]): void {
  useCommands(
    useMemo(
      () =>
        parts.map(
          ({ label, keys }): Command => ({
            id: `part ${label}`,
            name: `Change ${label.toLowerCase()}`,
            group: 'The question',
            keys,
            run: () => {
              const part = document.querySelector<HTMLElement>(`.sentence [aria-label^="${label}"]`);
              part?.focus();
              if (part instanceof HTMLButtonElement) part.click();
            },
          }),
        ),
      [parts],
    ),
  );
}
