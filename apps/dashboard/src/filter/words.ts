import { AXES, type Axis, formatValue, type RunFilter } from '../axis/axis';
import { VALUES } from '../question/question';
import { fieldOf, numberText, OPERATOR_WORDS } from './fields';
import { isEverything } from './filter';
import { type All, type Comparisons, type Part, readTree } from './tree';

/** A filter as people say it: "data set is cifar10 and (batch size ≤ 8 or batch norm is off)"; `everything` for one without conditions. */
export function filterWords(filter: RunFilter, everything = EVERY): string {
  return isEverything(filter) ? everything : conditions(readTree(filter)).join(' and ') || everything;
}
const EVERY = "everyone's runs";
const NEVER = 'no run';

const conditions = ({ parts }: All): string[] => parts.flatMap(words);
/** In a place where only one condition may stand. */
function single(of: All): string {
  const said = conditions(of);
  return said.length === 1 ? said[0]! : said.length === 0 ? EVERY : `(${said.join(' and ')})`;
}

function words(part: Part): string[] {
  switch (part.kind) {
    case 'raw':
      return part.value === null || part.value === undefined
        ? []
        : [`${part.field} ${JSON.stringify(part.value)}`];
    case 'and':
      return part.of.flatMap(conditions);
    case 'or':
      return part.of.length === 0
        ? [NEVER]
        : [part.of.length === 1 ? single(part.of[0]!) : `(${part.of.map(single).join(' or ')})`];
    case 'not':
      return [`not ${parenthesised(single(part.of[0]!))}`];
    case 'param':
      return comparisons(part.name, part.is);
    case 'metric':
      return comparisons(`${part.name} (${valueWords(part.value)})`, part.is);
    case 'field':
      return fieldWords(part.field, part.is);
  }
}
const parenthesised = (text: string): string =>
  text.startsWith('(') && text.endsWith(')') ? text : `(${text})`;
const valueWords = (value: string): string =>
  Object.hasOwn(VALUES, value) ? VALUES[value as keyof typeof VALUES] : value;

function fieldWords(field: string, is: Comparisons): string[] {
  const { kind, name, axis } = fieldOf(field)!;
  if (kind === 'search') return [`"${is.contains}" occurs`];
  if (kind === 'status' || kind === 'unit') {
    const values = (is.in as readonly string[]).map((one) => one.toLowerCase().replaceAll('_', ' '));
    return [`${name} is ${values.join(' or ') || 'none of all'}`];
  }
  if (kind === 'yesNo' && !axis && Object.keys(is).length === 1 && typeof is.eq === 'boolean')
    return [is.eq ? name : `not ${name}`];
  return comparisons(name, is, axis);
}

function comparisons(name: string, is: Comparisons, axis?: Axis): string[] {
  return Object.entries(is).flatMap(([operator, value]) => {
    if (value === undefined) return [];
    if (operator === 'isNull') return [`${name} is ${value ? 'absent' : 'there'}`];
    if (operator === 'isEmpty') return [value ? `no ${name}` : `some ${name}`];
    const said = Array.isArray(value)
      ? value.map((one) => say(one, axis)).join(', ') || 'nothing'
      : say(value, axis);
    return [`${name} ${OPERATOR_WORDS[operator] ?? operator} ${said}`];
  });
}

function say(value: unknown, axis?: Axis): string {
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'boolean') return axis ? formatValue(axis, value) : value ? 'true' : 'false';
  if (typeof value === 'object')
    return axis && AXES[axis].field !== 'budget' ? formatValue(axis, value) : JSON.stringify(value);
  // A text that reads like something else, or has an end in it, is told apart from it.
  const text = String(value);
  return axis || (/^[\p{L}_][\p{L}\p{N}_./-]*$/u.test(text) && !['true', 'false', 'nothing'].includes(text))
    ? text
    : JSON.stringify(text);
}
