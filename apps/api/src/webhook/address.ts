import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Asks for all addresses of a host. */
export type Resolve = (
  host: string,
  options: LookupOptions & { all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const LONGEST_URL = 2000;

/** What is wrong with the address of a webhook, or nothing. Where it leads is looked at with each connection. */
export function urlProblem(text: string, allowPrivate: boolean): string | undefined {
  if (text.length > LONGEST_URL || !URL.canParse(text)) return 'not an address';
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate))
    return `${url.protocol.slice(0, 20)} is not allowed`;
  if (url.username || url.password) return 'a name or password in it would be shown';
  const host = hostOf(url);
  if (!allowPrivate && (isIP(host) ? !isPublic(host) : /(^|\.)localhost\.?$/i.test(host)))
    return `${host} is of this machine or of a private network`;
  return undefined;
}

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

/** Whether an address is of the public internet: not loopback, link-local, private, shared, reserved, nor one of these behind another. */
export function isPublic(address: string): boolean {
  const read = ipaddr.process(address);
  if (read.kind() === 'ipv6' && !read.match(ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]))
    return false;
  return read.range() === 'unicast';
}

/** An address that a webhook may not reach. */
export class PrivateAddress extends Error {
  constructor(host: string, address: string) {
    super(
      `${host} leads to ${address}, of this machine or a private network: the operator may allow it (SMALLBATCH_WEBHOOK_PRIVATE=1)`,
    );
  }
}

/**
 * How a connection finds its host: at the moment that it is made, and to the addresses that were looked at, so that a name which
 * led elsewhere a moment ago opens nothing.
 */
export function publicLookup(resolve: Resolve = lookup): LookupFunction {
  return (host, options, done) =>
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error, [], 0);
      const wrong = found.find(({ address }) => !isPublic(address));
      if (wrong) return done(new PrivateAddress(host, wrong.address), [], 0);
      if (options.all) done(null, found);
      else done(null, found[0]!.address, found[0]!.family);
    });
}
