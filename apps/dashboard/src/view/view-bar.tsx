'use client';

import type { SchemaType } from '../shell/client';

export function ViewBar({ page }: { page: SchemaType<'ViewPage'> }) {
  return <span data-page={page} />;
}
