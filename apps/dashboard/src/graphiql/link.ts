/** The address of a question in GraphiQL. */
export const graphiqlHref = (query: string, variables?: object): string =>
  `/graphiql?${new URLSearchParams({ query, ...(variables ? { variables: JSON.stringify(variables, null, 2) } : {}) })}`;
