import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';

/** What a request may ask for; checked before anything is executed. */
export const LIMITS = {
  bodyBytes: 8_000_000,
  tokens: 4000,
  depth: 12,
  aliases: 50,
  rootFields: 20,
  cost: 20_000,
} as const;

const LISTS = new Set(['runs', 'sweeps']);

interface Measure {
  depth: number;
  cost: number;
}

const tooComplex = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'QUERY_TOO_COMPLEX' } });

/** Things that a field multiplies what is below it by: the length of a page, the most when it is a variable. */
function pageLength(field: FieldNode): number {
  if (!LISTS.has(field.name.value)) return 1;
  const asked = field.arguments?.find(({ name }) => name.value === 'first' || name.value === 'last');
  if (!asked) return 20;
  return asked.value.kind === Kind.INT ? Math.max(1, Math.min(100, Number(asked.value.value))) : 100;
}

/**
 * Refuses documents that are too deep, have too many aliases or root fields, or would cost too much: a field costs one, times
 * the lengths of all pages that it is in. Fragments count where they are used, each measured once.
 */
export function limitRule(context: ValidationContext): ASTVisitor {
  const measured = new Map<string, Measure>();
  let aliases = 0;
  const fragment = (name: string, open: ReadonlySet<string>): Measure => {
    const known = measured.get(name);
    if (known) return known;
    const found = context.getFragment(name) as FragmentDefinitionNode | undefined;
    if (!found || open.has(name)) return { depth: 0, cost: 0 };
    const measure = selection(found.selectionSet, new Set([...open, name]));
    measured.set(name, measure);
    return measure;
  };
  const selection = (set: SelectionSetNode | undefined, open: ReadonlySet<string>): Measure => {
    const total: Measure = { depth: 0, cost: 0 };
    for (const node of set?.selections ?? []) {
      let inner: Measure;
      if (node.kind === Kind.FIELD) {
        if (node.alias) aliases++;
        const below = selection(node.selectionSet, open);
        inner = { depth: below.depth + 1, cost: 1 + pageLength(node) * below.cost };
      } else if (node.kind === Kind.FRAGMENT_SPREAD) inner = fragment(node.name.value, open);
      else inner = selection(node.selectionSet, open);
      total.depth = Math.max(total.depth, inner.depth);
      total.cost = Math.min(total.cost + inner.cost, Number.MAX_SAFE_INTEGER);
    }
    return total;
  };
  return {
    OperationDefinition(node) {
      const introspection = node.selectionSet.selections.every(
        (one) => one.kind === Kind.FIELD && one.name.value.startsWith('__'),
      );
      const { depth, cost } = selection(node.selectionSet, new Set());
      const roots = node.selectionSet.selections.length;
      const refuse = (message: string) => context.reportError(tooComplex(message));
      if (roots > LIMITS.rootFields)
        refuse(`too many root fields: ${roots}; at most ${LIMITS.rootFields} a request`);
      if (aliases > LIMITS.aliases)
        refuse(`too many aliases: ${aliases}; at most ${LIMITS.aliases} a request`);
      if (depth > LIMITS.depth + (introspection ? 8 : 0))
        refuse(`too deep: ${depth} levels; at most ${LIMITS.depth}`);
      if (cost > LIMITS.cost)
        refuse(
          `too costly: ${cost}; at most ${LIMITS.cost}. Ask for shorter pages ("first") or fewer fields`,
        );
    },
  };
}
