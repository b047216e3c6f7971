import { apiUrl, asker } from './asker';

/**
 * On the server, before a page asks anything: from where on what happens is news to it. → null where nobody may know, or the API does
 * not answer, which the page's own questions then say.
 */
export async function watchFrom(): Promise<string | null> {
  try {
    const response = await fetch(apiUrl(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...asker() },
      body: JSON.stringify({ query: 'query WatchFrom { activity(first: 1) { watchFrom } }' }),
      cache: 'no-store',
    });
    const { data } = (await response.json()) as { data?: { activity: { watchFrom: string } } | null };
    return data?.activity.watchFrom ?? null;
  } catch {
    return null;
  }
}
