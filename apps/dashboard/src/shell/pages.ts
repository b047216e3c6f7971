/** The views that are always one click or two keys away: g and the letter. */
export const PAGES = [
  { href: '/', name: 'Explore', letter: 'e' },
  { href: '/pivot', name: 'Pivot', letter: 'p' },
  { href: '/compare', name: 'Compare', letter: 'c' },
  { href: '/sweeps', name: 'Sweeps', letter: 's' },
  { href: '/runs', name: 'Runs', letter: 'r' },
  { href: '/team', name: 'Team', letter: 't' },
  { href: '/graphiql', name: 'GraphQL', letter: 'q' },
] as const;

/** Pages that people see before they are signed in: nothing of a team is on them. */
export const OUTSIDE: readonly string[] = ['/sign-in', '/invitation', '/password'];
