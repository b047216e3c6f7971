import { Writable } from 'node:stream';
import { auditPage, createInvitation, createPasswordLink, createToken } from '@smallbatch/db';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeLogger } from '../../../apps/api/src/log.ts';
import { addTeam } from '../../packages/db/people.ts';
import { Browser, forgetAllTries, PASSWORD, person } from './browser.ts';
import { testApi } from './server.ts';

const lines: string[] = [];
const logger = makeLogger(
  new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  }),
);
const own = await testApi({ host: '0.0.0.0', trustProxy: true, logger });
const { api, db, teamId, asOwner } = own;
const owner = await person(own, 'OWNER');
beforeEach(() => forgetAllTries(own));

const latest = async (count: number) => (await auditPage(db, { teamId: null, count })).slice(0, count);
const short = async (count: number) =>
  (await latest(count))
    .map(({ action, outcome, via, who, kind, key, team, detail }) => ({
      action,
      outcome,
      via,
      who,
      kind,
      key,
      team,
      detail,
    }))
    .reverse();

describe('who comes and goes', () => {
  test('is written down: by which way, from where, done or refused', async () => {
    const { email, key } = await person(own);
    const browser = new Browser(api);
    const headers = { 'x-forwarded-for': '198.51.100.9, 192.0.2.7', 'user-agent': 'Mozilla/5.0 (a browser)' };
    await browser.post('/auth/sign-in', { email, password: 'the wrong one' }, headers);
    await browser.post('/auth/sign-in', { email, password: PASSWORD }, headers);
    await browser.post('/auth/password', { old: 'wrong', password: 'another mill' }, headers);
    await browser.post('/auth/password', { old: PASSWORD, password: 'another mill' }, headers);
    await browser.post('/auth/sign-out', {}, headers);
    const account = { kind: 'account', key: null, who: key, team: 'local' };
    expect(await short(6)).toEqual([
      {
        action: 'TAKE_INVITATION',
        outcome: 'DONE',
        via: 'NOBODY',
        kind: 'invitation',
        key: expect.stringMatching(/^Person/),
        who: key,
        team: 'local',
        detail: { role: 'MEMBER' },
      },
      {
        action: 'SIGN_IN',
        outcome: 'REFUSED',
        via: 'NOBODY',
        ...account,
        detail: { method: 'PASSWORD', code: 'UNAUTHENTICATED' },
      },
      { action: 'SIGN_IN', outcome: 'DONE', via: 'SESSION', ...account, detail: { method: 'PASSWORD' } },
      {
        action: 'SET_PASSWORD',
        outcome: 'REFUSED',
        via: 'SESSION',
        ...account,
        detail: { by: 'PASSWORD', code: 'BAD_INPUT' },
      },
      { action: 'SET_PASSWORD', outcome: 'DONE', via: 'SESSION', ...account, detail: { by: 'PASSWORD' } },
      { action: 'SIGN_OUT', outcome: 'DONE', via: 'SESSION', ...account, kind: null, detail: {} },
    ]);
    const entries = await latest(5);
    for (const one of entries)
      expect(one).toMatchObject({ address: '192.0.2.7', agent: 'Mozilla/5.0 (a browser)' });
    expect(new Set(entries.map(({ sessionId }) => sessionId)).size).toBe(2);
  });

  test('of an unknown address is told to no team, and what was typed is not kept', async () => {
    await new Browser(api).post('/auth/sign-in', { email: 'my-password-by-mistake', password: PASSWORD });
    expect(await short(1)).toMatchObject([{ action: 'SIGN_IN', outcome: 'REFUSED', who: null, team: null }]);
    const answer = await owner.browser.ask('{ audit(first: 100, outcome: REFUSED) { nodes { who } } }');
    expect(answer.audit.nodes.every(({ who }: { who: string | null }) => who !== null)).toBe(true);
  });

  test('who tries without end is written down as often as tries are counted, and once a minute more', async () => {
    const { email } = await person(own);
    const before = (await latest(10_000)).length;
    for (let i = 0; i < 25; i++) await new Browser(api).post('/auth/sign-in', { email, password: 'wrong' });
    expect((await latest(10_000)).length - before).toBe(11);
  });

  test('is told to the owners of all the person’s teams, but a team’s invitation to that team alone', async () => {
    const { browser, email } = await person(own);
    const other = await addTeam(db);
    const { secret } = await createInvitation(db, {
      teamId: other.id,
      role: 'VIEWER',
      name: null,
      email: null,
      createdBy: null,
    });
    await browser.post('/auth/invitation', { secret });
    expect(await short(1)).toMatchObject([{ action: 'TAKE_INVITATION', team: other.key, via: 'SESSION' }]);
    await new Browser(api).post('/auth/sign-in', { email, password: PASSWORD });
    expect((await short(2)).map(({ team }) => team).sort()).toEqual(['local', other.key].sort());
  });

  test('sets a password by a link, or is refused one that is none, once a minute', async () => {
    const { memberId, key } = await person(own);
    const link = (await createPasswordLink(db, { teamId, memberId }, null)) as { secret: string };
    await new Browser(api).post('/auth/password', { secret: link.secret, password: 'a third mill' });
    expect(await short(1)).toMatchObject([
      { action: 'SET_PASSWORD', outcome: 'DONE', who: key, detail: { by: 'LINK' } },
    ]);
    const before = (await latest(10_000)).length;
    for (let i = 0; i < 5; i++)
      await new Browser(api).post('/auth/password', { secret: `pwl_${i}`, password: 'a fourth mill' });
    expect((await latest(10_000)).length - before).toBe(1);
  });

  test('has no session whose beginning could not be written down', async () => {
    const { email } = await person(own);
    const browser = new Browser(api);
    await asOwner('REVOKE INSERT (via) ON audit_entry FROM smallbatch_app, smallbatch_team');
    const { status } = await browser.post('/auth/sign-in', { email, password: PASSWORD });
    await asOwner('GRANT INSERT (via) ON audit_entry TO smallbatch_app, smallbatch_team');
    expect([status, browser.cookies.size]).toEqual([500, 0]);
  });
});

test('no secret that anybody used stands in an entry or in the log', async () => {
  const secrets: string[] = [PASSWORD, 'the wrong one', 'a fifth mill', 'a sixth mill'];
  const { browser, email, key, memberId } = await person(own, 'OWNER');
  secrets.push(browser.secret);
  await new Browser(api).post('/auth/sign-in', { email, password: 'the wrong one' });
  await browser.post('/auth/sign-in', { email, password: PASSWORD });
  secrets.push(browser.secret);
  const { createToken: made } = await browser.ask(
    'mutation { createToken(name: "mine", scopes: [READ]) { ... on CreateTokenSuccess { secret } } }',
  );
  secrets.push(made.secret);
  await browser.ask('{ tokens { id } }', { authorization: `Bearer ${made.secret}` });
  await browser.ask('{ tokens { id } }', { authorization: 'Bearer sb_of_nobody' });
  secrets.push('sb_of_nobody');
  const { invite } = await browser.ask(
    'mutation { invite(role: MEMBER, email: "guest@example.org") { ... on InvitationMade { link } } }',
  );
  const invitation = invite.link.split('#')[1];
  secrets.push(invitation);
  const guest = new Browser(api);
  await guest.post('/auth/invitation/look', { secret: invitation });
  await guest.post('/auth/invitation', {
    secret: invitation,
    name: 'Guest',
    email: 'guest@example.org',
    password: 'a fifth mill',
  });
  await guest.post('/auth/invitation', {
    secret: invitation,
    name: 'Guest',
    email: 'guest@example.org',
    password: 'a fifth mill',
  });
  secrets.push(guest.secret);
  const { passwordLink } = await browser.ask(
    'mutation { passwordLink(member: "guest") { ... on PasswordLinkMade { link } } }',
  );
  const link = passwordLink.link.split('#')[1];
  secrets.push(link);
  await guest.post('/auth/password', { secret: link, password: 'a sixth mill' });
  await guest.post('/auth/password', { secret: 'pwl_of_nobody', password: 'a sixth mill' });
  secrets.push('pwl_of_nobody');
  await browser.post('/auth/password', { old: PASSWORD, password: 'a fifth mill' });
  await browser.fetch(`/export/audit.csv?by=${key}`);
  // Somebody gives a secret where it does not belong.
  const token = await createToken(db, { teamId, memberId, name: 'x', scopes: ['WORK'] });
  secrets.push(token.secret);
  await browser.ask('{ runs { nodes { key } } }', { authorization: `Bearer ${token.secret}` });
  await browser.post('/auth/sign-in', { email: token.secret, password: token.secret });
  await browser.post('/auth/team', { team: token.secret });
  await browser.fetch(`/auth/oidc/callback?code=${token.secret}&state=${token.secret}`);
  await asOwner('ALTER TABLE session RENAME COLUMN hash TO hasch');
  await browser.post('/auth/sign-in', { email, password: 'a fifth mill' });
  await asOwner('ALTER TABLE session RENAME COLUMN hasch TO hash');
  const rows = await asOwner<{ text: string }>('SELECT e::text AS text FROM audit_entry e');
  expect(rows.length).toBeGreaterThan(20);
  expect(lines.length).toBeGreaterThan(0);
  const everything = `${rows.map(({ text }) => text).join('\n')}\n${lines.join('\n')}`;
  expect(new Set(secrets).size).toBe(secrets.length);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(10);
    expect(everything, secret).not.toContain(secret);
    // Of a random one nothing stands there but its prefix.
    if (secret.length > 30) expect(everything, secret).not.toContain(secret.slice(12));
  }
});
