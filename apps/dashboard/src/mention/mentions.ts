/** `@` and a key, not within a word or an address of e-mail; the API finds them by the same rule. */
const MENTION = /(?<![\p{L}\p{N}_.@-])@([\p{L}\p{N}]+(?:-[\p{L}\p{N}]+)*)(?![\p{L}\p{N}_])/gu;

export interface Named {
  readonly key: string;
  readonly name: string;
}
/** A note in pieces: text, and members who are named. Keys of nobody stay text. */
export function piecesOf(note: string, members: readonly Named[]): (string | Named)[] {
  const pieces: (string | Named)[] = [];
  let from = 0;
  for (const {
    0: { length },
    1: key,
    index,
  } of note.matchAll(MENTION)) {
    const named = members.find((one) => one.key === key!.toLowerCase());
    if (!named) continue;
    if (index > from) pieces.push(note.slice(from, index));
    pieces.push(named);
    from = index + length;
  }
  if (from < note.length) pieces.push(note.slice(from));
  return pieces;
}

/** What is being typed after an `@` before the caret, and where it begins; undefined where nothing is. */
export function typedBefore(text: string, caret: number): { at: number; typed: string } | undefined {
  const found = /(?<![\p{L}\p{N}_.@-])@([\p{L}\p{N}-]*)$/u.exec(text.slice(0, caret));
  return found ? { at: found.index, typed: found[1]!.toLowerCase() } : undefined;
}
