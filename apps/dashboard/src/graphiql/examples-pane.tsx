'use client';

import { type GraphiQLPlugin, useEditorContext } from '@graphiql/react';
import { createContext, useContext, useEffect, useState } from 'react';
import type { Example } from './examples';

/** What the pane lists. */
export const ExamplesOffered = createContext<readonly Example[]>([]);

/** A pane of GraphiQL beside its documentation: the examples, each opened in a tab of its own. */
export const Examples: GraphiQLPlugin = {
  title: 'Examples',
  icon: () => (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M2 3h12M2 8h12M2 13h7" />
    </svg>
  ),
  content: Pane,
};

function Pane() {
  const examples = useContext(ExamplesOffered);
  const { addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const [opening, setOpening] = useState<string>();
  // After the new tab is there.
  useEffect(() => {
    if (opening === undefined) return;
    variableEditor?.setValue('');
    queryEditor?.setValue(opening);
    queryEditor?.focus();
    setOpening(undefined);
  }, [opening, queryEditor, variableEditor]);
  return (
    <section aria-label="Examples">
      <h2 className="examples-title">Examples</h2>
      <p>Questions with the names of this team. Each opens in a tab; run it with Ctrl Enter.</p>
      <ul className="examples">
        {examples.map(({ name, query }) => (
          <li key={name}>
            <button
              type="button"
              onClick={() => {
                addTab();
                setOpening(query);
              }}
            >
              {name}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
