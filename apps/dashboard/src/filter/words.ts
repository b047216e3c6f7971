import { AXES, formatValue, type RunFilter } from '../axis/axis';
import { isEverything } from './filter';

const OPERATORS: Record<string, string> = {
  eq: 'is',
  in: 'is one of',
  gt: '>',
  gte: '≥',
  lt: '<',
  lte: '≤',
  contains: 'has',
  startsWith: 'begins with',
  has: 'has',
  hasAny: 'has one of',
  hasNone: 'has none of',
};
const axisOfField = new Map(
  Object.entries(AXES).map(([axis, { field }]) => [field as string, axis as keyof typeof AXES]),
);

/** A filter as people say it: "data set is cifar10 and (batch size ≤ 8 or batch norm is off)". */
export function filterWords(filter: RunFilter): string {
  return isEverything(filter) ? "everyone's runs" : conditions(filter).join(' and ');
}

function conditions(filter: RunFilter): string[] {
  return Object.entries(filter).flatMap(([field, value]): string[] => {
    if (value === null || value === undefined) return [];
    if (field === 'and') return (value as RunFilter[]).flatMap(conditions);
    if (field === 'or')
      return [`(${(value as RunFilter[]).map((one) => conditions(one).join(' and ')).join(' or ')})`];
    if (field === 'not') return [`not (${conditions(value as RunFilter).join(' and ')})`];
    if (field === 'search') return [`"${value}" occurs`];
    if (field === 'status')
      return [`status is ${(value as string[]).map((one) => one.toLowerCase()).join(' or ')}`];
    if (field === 'params' || field === 'metrics')
      return (value as { name: string; value?: string; is?: object }[]).flatMap(
        ({ name, value: which, is, ...rest }) =>
          operators(
            field === 'params' ? name : `${name} (${which?.toLowerCase().replaceAll('_', ' ')})`,
            name,
            is ?? rest,
          ),
      );
    if (field === 'budget')
      return Object.entries(value as object).map(([part, one]) =>
        part === 'unit'
          ? `budget in ${(one as string[]).join(' or ').toLowerCase()}`
          : operators(`budget ${part}`, part, one as object).join(' and '),
      );
    const axis = axisOfField.get(field);
    return operators(axis ? AXES[axis].name : spaced(field), field, value as object);
  });
}

function operators(name: string, field: string, value: object): string[] {
  const axis = axisOfField.get(field);
  const say = (one: unknown): string => (axis ? formatValue(axis, one) : String(one));
  return Object.entries(value).flatMap(([operator, one]) => {
    if (one === null || one === undefined) return [];
    if (operator === 'isNull') return [`${name} is ${one ? 'absent' : 'there'}`];
    if (operator === 'isEmpty') return [`${name} ${one ? 'none' : 'some'}`];
    return [
      `${name} ${OPERATORS[operator] ?? operator} ${Array.isArray(one) ? one.map(say).join(', ') : say(one)}`,
    ];
  });
}

const spaced = (field: string): string => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
