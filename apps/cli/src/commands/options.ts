import { type Command, InvalidArgumentError, Option } from 'commander';
import { FORMATS, type Format } from '../output/columns.ts';

/** What every command that talks to the API takes. */
export interface ApiOptions {
  url?: string;
}

export interface ReadOptions extends ApiOptions {
  format: Format;
}

export function withUrl(command: Command): Command {
  return command.option('--url <url>', 'the API (default: SMALLBATCH_URL, else http://localhost:4000)');
}

/** What every reading command takes: data goes to stdout in one of the formats. */
export function withFormat(command: Command, formats: readonly string[] = FORMATS, first = 'table'): Command {
  return withUrl(command).addOption(formatOption(formats, first));
}

export const formatOption = (formats: readonly string[] = FORMATS, first = 'table'): Option =>
  new Option('--format <format>', 'how the data is printed').choices(formats).default(first);

export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= low && value <= high) return value;
    throw new InvalidArgumentError(`a whole number from ${low} to ${high} is allowed.`);
  };
}

/** `2,8,32` as a list; each part through `read`. */
export function listOf<T>(read: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(read);
}

export function yesOrNo(text: string): boolean {
  if (['true', 'yes', 'on'].includes(text)) return true;
  if (['false', 'no', 'off'].includes(text)) return false;
  throw new InvalidArgumentError('true or false is allowed.');
}
