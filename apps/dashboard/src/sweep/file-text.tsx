'use client';

import { Text } from '@mantine/core';
import { useId, useRef } from 'react';
import { Icon } from '../shell/icon';

export interface LineProblem {
  readonly line: number;
  readonly message: string;
}

/** The sweep file as text, with the numbers of its lines and what is wrong in which. */
export function FileText({
  text,
  problems,
  onChange,
}: {
  text: string;
  problems: readonly LineProblem[];
  onChange: (text: string) => void;
}) {
  const numbers = useRef<HTMLPreElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const [label, list] = [useId(), useId()];
  const lines = text.split('\n');
  const wrong = new Set(problems.map(({ line }) => line));
  const go = (line: number) => {
    const from = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    area.current?.focus();
    area.current?.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  };
  return (
    <div>
      <label id={label} htmlFor={`${label}-text`} className="file-label">
        The sweep file as YAML
      </label>
      <div className="file-text">
        <pre ref={numbers} aria-hidden="true">
          {lines.map((_, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is its number.
            <div key={i} className={wrong.has(i + 1) ? 'wrong' : undefined}>
              {wrong.has(i + 1) ? <Icon sign="after" /> : null}
              {i + 1}
            </div>
          ))}
        </pre>
        <textarea
          ref={area}
          id={`${label}-text`}
          spellCheck={false}
          wrap="off"
          value={text}
          rows={Math.max(18, lines.length + 1)}
          aria-invalid={problems.length > 0}
          aria-describedby={problems.length > 0 ? list : undefined}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (numbers.current) numbers.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <div id={list} role="alert" data-testid="file-problems">
        {problems.map(({ line, message }) => (
          <Text key={`${line} ${message}`} size="sm" mt={4}>
            <button type="button" className="line" onClick={() => go(line)}>
              Line {line}
            </button>
            : {message}
          </Text>
        ))}
      </div>
    </div>
  );
}
