'use client';

import { Combobox, Textarea, type TextareaProps, useCombobox, VisuallyHidden } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
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
  /** Where the caret goes once what was chosen stands there. */
  const goTo = useRef<number>(undefined);
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
    if (found) box.openDropdown();
    else box.closeDropdown();
  };
  const choose = (key: string): void => {
    if (!mention) return;
    const end = mention.at + 1 + mention.typed.length;
    const caret = mention.at + key.length + 2;
    onText(`${value.slice(0, mention.at)}@${key} ${value.slice(end).replace(/^ /, '')}`);
    setMention(undefined);
    box.closeDropdown();
    goTo.current = caret;
  };
  // Before the next key is read.
  useLayoutEffect(() => {
    if (goTo.current === undefined) return;
    area.current?.focus();
    area.current?.setSelectionRange(goTo.current, goTo.current);
    goTo.current = undefined;
  });
  const shown = fits.length > 0;
  const { dropdownOpened, selectFirstOption } = box;
  const first = fits[0]?.key;
  // Enter takes the first of those that fit what is typed now.
  useEffect(() => {
    if (dropdownOpened && first !== undefined) selectFirstOption();
  }, [dropdownOpened, first, selectFirstOption]);
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
            ? `${count(fits.length)} ${fits.length === 1 ? 'member' : 'members'}, the first ${fits[0]!.name}: Enter writes, arrow keys choose`
            : 'no member of this name'
          : ''}
      </VisuallyHidden>
    </>
  );
}
