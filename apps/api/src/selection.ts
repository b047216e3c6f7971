import { type FragmentDefinitionNode, type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';

/** Names of all fields that are asked of an answer, at any depth. */
export function fieldsAsked({ fieldNodes, fragments }: GraphQLResolveInfo): ReadonlySet<string> {
  const asked = new Set<string>();
  const walk = (set: SelectionSetNode | undefined): void => {
    for (const node of set?.selections ?? []) {
      if (node.kind === Kind.FIELD) asked.add(node.name.value);
      const inner = node.kind === Kind.FRAGMENT_SPREAD ? fragments[node.name.value]! : node;
      walk((inner as FragmentDefinitionNode).selectionSet);
    }
  };
  for (const { selectionSet } of fieldNodes) walk(selectionSet);
  return asked;
}
