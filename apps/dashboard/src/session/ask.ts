/** Why people could not come in, as the API says it. */
export interface AuthFault {
  readonly code: string;
  readonly message: string;
}
/** How people may come in here. */
export interface Ways {
  readonly oidc: { readonly name: string } | null;
  readonly signedIn: boolean;
}
/** What an invitation says of itself. */
export interface Invited {
  readonly team: string;
  readonly role: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly expiresAt: string;
}

const UNREACHABLE: AuthFault = {
  code: 'UNREACHABLE',
  message: 'The server cannot be reached. What you typed is still here: try again.',
};

/** Asks `/auth/…`, which is no GraphQL, because nobody is signed in yet. → the answer, or why there is none. */
export async function ask<T>(path: string, body?: object): Promise<{ answer?: T; fault?: AuthFault }> {
  try {
    const response = await fetch(`/auth/${path}`, {
      ...(body
        ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
        : {}),
    });
    const answer = (await response.json()) as T & { error?: AuthFault };
    return answer.error ? { fault: answer.error } : { answer };
  } catch {
    return { fault: UNREACHABLE };
  }
}

/** Only a path of this origin is gone to, whatever an address says. */
export const safePath = (to: string | null): string => (to && /^\/(?![/\\])[^\\]*$/.test(to) ? to : '/');

/** A whole page anew: as somebody else, nothing that was asked before is of any use. */
export const goTo = (path: string): void => window.location.assign(path);
