'use client';

import { Combobox, Textarea, type TextareaProps, useCombobox, VisuallyHidden } from '@mantine/core';
import { useRef, useState } from 'react';
import { count } from '../shell/format';
import { useMembers } from './members';
import { typedBefore } from './mentions';

const MOST_SUGGESTED = 8;

/** Where a note is written: after an `@` it suggests members, which arrow keys choose and Enter writes. */
export function NoteField({
  value,
  onText,
  ...props
}: Omit<TextareaProps, 'value' | 'onChange'> & { value: string; onText: (text: string) => void }) {
  const members = useMembers();
  const box = useCombobox({ onDropdownClose: () => box.resetSelectedOption() });
  const area = useRef<HTMLTextAreaElement>(null);
  const [mention, setMention] = useState<ReturnType<typeof typedBefore>>();
  const fits = mention
    ? members
        .filter(
          ({ key, name }) =>
            key.startsWith(mention.typed) ||
            name
              .toLowerCase()
              .split(/\s+/)
              .some((word) => word.startsWith(mention.typed)),
        )
        .slice(0, MOST_SUGGESTED)
    : [];
  const look = (text: string, caret: number): void => {
    const found = typedBefore(text, caret);
    setMention(found);
    if (found) {
      box.openDropdown();
      // Once the options are those of what is typed now.
      requestAnimationFrame(() => box.selectFirstOption());
    } else box.closeDropdown();
  };
  const choose = (key: string): void => {
    const { current } = area;
    if (!mention || !current) return;
    const end = mention.at + 1 + mention.typed.length;
    const caret = mention.at + key.length + 2;
    onText(`${value.slice(0, mention.at)}@${key} ${value.slice(end).replace(/^ /, '')}`);
    setMention(undefined);
    box.closeDropdown();
    requestAnimationFrame(() => {
      current.focus();
      current.setSelectionRange(caret, caret);
    });
  };
  const shown = fits.length > 0;
  return (
    <>
      <Combobox store={box} onOptionSubmit={choose} position="bottom-start" withinPortal>
        <Combobox.Target targetType="input" autoComplete="off" withKeyboardNavigation={shown}>
          <Textarea
            {...props}
            ref={area}
            value={value}
            aria-autocomplete="list"
            onChange={({ currentTarget }) => {
              onText(currentTarget.value);
              look(currentTarget.value, currentTarget.selectionStart);
            }}
            onClick={({ currentTarget }) => look(value, currentTarget.selectionStart)}
            onBlur={() => box.closeDropdown()}
            onKeyDown={(event) => {
              // It closes the list, and not what the note stands in.
              if (event.key === 'Escape' && box.dropdownOpened && shown) event.stopPropagation();
            }}
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={!shown}>
          <Combobox.Options aria-label="Members">
            {fits.map(({ key, name }) => (
              <Combobox.Option key={key} value={key}>
                @{key} <span style={{ opacity: 0.8 }}>{name}</span>
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      <VisuallyHidden role="status">
        {mention && box.dropdownOpened
          ? shown
            ? `${count(fits.length)} ${fits.length === 1 ? 'member' : 'members'}: arrow keys choose, Enter writes`
            : 'no member of this name'
          : ''}
      </VisuallyHidden>
    </>
  );
}
