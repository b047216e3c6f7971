import type { Express } from 'express';
import { ROUTES } from './rules.ts';

/** What a router of Express keeps, as far as it is looked at here. */
interface Layer {
  /** Where it is mounted. */
  readonly rawPath: unknown;
  /** Whether that is everywhere. */
  readonly slash: boolean;
  readonly handle: { readonly stack?: readonly Layer[] };
  readonly route?: {
    readonly path: string;
    readonly stack: readonly { readonly method?: string }[];
  };
}

/** All routes of a server, as `METHOD /path`. What is mounted everywhere and is no router only lets by, or refuses. */
export function routesOf(app: Express): string[] {
  const walk = (stack: readonly Layer[], base: string): string[] =>
    stack.flatMap(({ rawPath, slash, handle, route }) => {
      if (route)
        return route.stack.map(({ method = 'all' }) => `${method.toUpperCase()} ${base}${route.path}`);
      const path = slash ? base : `${base}${String(rawPath)}`;
      if (handle.stack) return walk(handle.stack, path);
      return slash ? [] : [`ALL ${path}`];
    });
  return [...new Set(walk((app.router as unknown as { stack: readonly Layer[] }).stack, ''))];
}

/** A route without a rule is a fault of the program, found at start. */
export function guardRoutes(app: Express, rules: Readonly<Record<string, unknown>> = ROUTES): void {
  for (const route of routesOf(app))
    if (!Object.hasOwn(rules, route)) throw new Error(`missing rule: nobody has said who may use ${route}`);
}
