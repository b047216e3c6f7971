'use client';

import { Anchor, Button, Code, CopyButton, Group, Tabs } from '@mantine/core';
import { type DocumentInput, stringifyDocument } from '@urql/next';
import Link from 'next/link';
import { graphiqlHref } from '../graphiql/link';

/** The exact question behind what is shown, to ask it from elsewhere: GraphQL, TypeScript, Python. */
export function Asked<V extends object>({
  query,
  variables,
}: {
  query: DocumentInput<unknown, V>;
  variables: V;
}) {
  const document = stringifyDocument(query as never).replace(/^# \S+\n/, '');
  const texts = {
    GraphQL: `${document}\n\n# Variables\n${commented(JSON.stringify(variables, null, 2))}`,
    TypeScript: typescript(document, variables),
    Python: python(document, variables),
  };
  return (
    <details className="asked">
      <summary>The exact question, for a script</summary>
      <Tabs defaultValue="GraphQL" keepMounted={false}>
        <Tabs.List aria-label="Language">
          {Object.keys(texts).map((language) => (
            <Tabs.Tab key={language} value={language}>
              {language}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {Object.entries(texts).map(([language, text]) => (
          <Tabs.Panel key={language} value={language} pt="xs">
            <Group mb="xs">
              <CopyButton value={text}>
                {({ copied, copy }) => (
                  <Button size="xs" variant="default" onClick={copy}>
                    {copied ? 'Copied' : `Copy ${language}`}
                  </Button>
                )}
              </CopyButton>
              <Anchor component={Link} href={graphiqlHref(document, variables)} prefetch={false} size="sm">
                Open in GraphiQL
              </Anchor>
            </Group>
            <Code block tabIndex={0}>
              {text}
            </Code>
          </Tabs.Panel>
        ))}
      </Tabs>
    </details>
  );
}

const commented = (text: string): string => text.replace(/^/gm, '# ');

function typescript(document: string, variables: object): string {
  return `import { createClient, graphql } from '@smallbatch/client';

const client = createClient(); // SMALLBATCH_URL, SMALLBATCH_TOKEN
const question = graphql(\`
${document.replaceAll('`', '\\`').replace(/^/gm, '  ')}
\`);
console.log(await client.query(question, ${JSON.stringify(variables, null, 2)}));
client.close();
`;
}

/** The variables as JSON in a text: JSON and Python write true, false and null differently. */
function python(document: string, variables: object): string {
  return `import json
from smallbatch import Client

question = """
${document}
"""
variables = json.loads(${JSON.stringify(JSON.stringify(variables))})
print(Client().query(question, variables))  # SMALLBATCH_URL, SMALLBATCH_TOKEN
`;
}
