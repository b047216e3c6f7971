import { createInvitation, createPasswordLink } from '@smallbatch/db';
import { beforeEach, describe, expect, test } from 'vitest';
import { addTeam } from '../../packages/db/people.ts';
import { Browser, forgetAllTries, PASSWORD, person } from './browser.ts';
import { testApi } from './server.ts';

/** It listens beyond loopback, so nobody is let in who is not known. */
const own = await testApi({ host: '0.0.0.0' });
const owner = await person(own, 'OWNER');
beforeEach(() => forgetAllTries(own));

const WHO = '{ viewer { member { key } role team { key } } }';
const invitation = (more: object = {}) =>
  createInvitation(own.db, {
    teamId: own.teamId,
    role: 'MEMBER',
    email: null,
    name: null,
    createdBy: null,
    ...more,
  });

describe('an invitation', () => {
  test('shows whom it invites into what, and lets in once', async () => {
    const { secret } = await invitation({ role: 'VIEWER', name: 'Grace', email: 'grace@example.org' });
    const browser = new Browser(own.api);
    const shown = await browser.post('/auth/invitation/look', { secret });
    expect(shown).toMatchObject({
      status: 200,
      body: { team: 'Local', role: 'VIEWER', name: 'Grace', email: 'grace@example.org' },
    });
    expect(new Date(shown.body.expiresAt).getTime()).toBeGreaterThan(Date.now() + 6 * 86_400_000);
    const form = { secret, name: ' Grace Hopper ', email: 'grace@example.org', password: PASSWORD };
    expect(await browser.post('/auth/invitation', form)).toMatchObject({ status: 200, body: {} });
    expect(await browser.ask(WHO)).toEqual({
      viewer: { member: { key: 'grace-hopper' }, role: 'VIEWER', team: { key: 'local' } },
    });
    const gone = { status: 404, body: { error: { code: 'NOT_FOUND' } } };
    expect(await browser.post('/auth/invitation/look', { secret })).toMatchObject(gone);
    expect(
      await new Browser(own.api).post('/auth/invitation', { ...form, email: 'other@example.org' }),
    ).toMatchObject(gone);
    expect(await browser.post('/auth/invitation/look', { secret: 'inv_nothing' })).toMatchObject(gone);
  });

  test.each([
    ['name', { name: 'a\u0007b' }, /invalid name/],
    ['email', { email: 'nobody' }, /invalid e-mail address "nobody": write name@host/],
    ['password', { password: 'too short' }, /9 characters; use 10 to 200/],
    ['own', { password: 'frances.allen' }, /your own name or e-mail address/],
    ['taken', { email: owner.email.toUpperCase() }, /an account has it already; sign in/],
  ])('is left as it was where the form is wrong: %s', async (_what, wrong, message) => {
    const { secret } = await invitation();
    const form = { secret, name: 'Frances', email: 'frances.allen@example.org', password: PASSWORD };
    const answer = await new Browser(own.api).post('/auth/invitation', { ...form, ...wrong });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'BAD_INPUT' } } });
    expect(answer.body.error.message).toMatch(message);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await new Browser(own.api).post('/auth/invitation/look', { secret })).status).toBe(200);
  });

  test('lets somebody who is signed in join with that account, and the session acts for the new team', async () => {
    const { browser } = await person(own, 'OWNER');
    const team = await addTeam(own.db);
    const { secret } = await invitation({ teamId: team.id });
    expect(await new Browser(own.api).post('/auth/invitation', { secret })).toMatchObject({ status: 401 });
    expect(await browser.post('/auth/invitation', { secret })).toMatchObject({ status: 200, body: {} });
    expect(await browser.ask('{ viewer { team { key } role teams { key role } } }')).toEqual({
      viewer: {
        team: { key: team.key },
        role: 'MEMBER',
        teams: [
          { key: 'local', role: 'OWNER' },
          { key: team.key, role: 'MEMBER' },
        ],
      },
    });
    expect(await browser.ask(WHO, { 'x-smallbatch-team': 'local' })).toMatchObject({
      viewer: { role: 'OWNER', team: { key: 'local' } },
    });
    expect(await browser.post('/auth/team', { team: 'local' })).toMatchObject({ status: 200, body: {} });
    expect(await browser.ask(WHO)).toMatchObject({ viewer: { team: { key: 'local' } } });
    const foreign = await addTeam(own.db);
    expect(await browser.ask(WHO, { 'x-smallbatch-team': foreign.key })).toBe('UNAUTHENTICATED');
    expect(await browser.post('/auth/team', { team: foreign.key })).toMatchObject({
      status: 404,
      body: { error: { message: `unknown team "${foreign.key}": choose one that you are a member of` } },
    });
  });
});

describe('signing in', () => {
  test('gives a cookie that no script reads and no other site sends, which the database does not know', async () => {
    const { email } = await person(own);
    const browser = new Browser(own.api);
    expect(await browser.get('/auth/ways')).toMatchObject({
      body: { password: true, oidc: null, signedIn: false },
    });
    const answer = await browser.post('/auth/sign-in', { email: email.toUpperCase(), password: PASSWORD });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(browser.set).toHaveLength(1);
    expect(browser.set[0]).toMatch(
      /^smallbatch_session=ses_[\w-]{43}; Max-Age=2592000; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    );
    expect(await browser.get('/auth/ways')).toMatchObject({ body: { signedIn: true } });
    const rows = await own.asOwner<{ text: string }>('SELECT session::text AS text FROM session');
    expect(rows.map(({ text }) => text).join()).not.toContain(browser.secret.slice(4));
  });

  test('says the same of an unknown address, of one that is disabled, and of a wrong password', async () => {
    const [one, disabled] = [await person(own), await person(own)];
    await own.asOwner('UPDATE account SET disabled_at = now() WHERE id = $1', [disabled.accountId]);
    const answers = [];
    for (const [email, password] of [
      [one.email, 'the wrong one'],
      ['nobody@example.org', PASSWORD],
      ['no address at all', PASSWORD],
      [disabled.email, PASSWORD],
    ]) {
      const browser = new Browser(own.api);
      const { status, body } = await browser.post('/auth/sign-in', { email, password });
      answers.push({ status, body, cookies: browser.cookies.size });
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({
      status: 401,
      cookies: 0,
      body: { error: { code: 'UNAUTHENTICATED' } },
    });
    expect(await disabled.browser.ask(WHO)).toBe('UNAUTHENTICATED');
  });

  test('is refused after ten wrong tries for an address, also with the right password, until it is time', async () => {
    const { email } = await person(own);
    const browser = new Browser(own.api);
    const wrong = await Promise.all(
      Array.from({ length: 12 }, () => browser.post('/auth/sign-in', { email, password: 'the wrong one' })),
    );
    expect(wrong.map(({ status }) => status).sort()).toEqual([...Array(10).fill(401), 429, 429]);
    const refused = await browser.post('/auth/sign-in', { email, password: PASSWORD });
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'RATE_LIMITED' } } });
    expect(refused.headers.get('retry-after')).toBe(String(refused.body.error.retryAfter));
    expect(refused.body.error.retryAfter).toBeGreaterThan(800);
    expect(refused.body.error.message).toBe('too many tries: wait 15 min, or ask an owner for a link');
    await own.asOwner("UPDATE sign_in_try SET since = now() - interval '15 minutes 1 second'");
    expect(await browser.post('/auth/sign-in', { email, password: PASSWORD })).toMatchObject({ status: 200 });
  });

  test('of a crowd makes nobody wait who does something else', async () => {
    const own = await testApi({ trustProxy: true });
    const owner = await person(own, 'OWNER');
    let signedIn = 0;
    const crowd = Array.from({ length: 95 }, (_, i) =>
      new Browser(own.api)
        .post(
          '/auth/sign-in',
          { email: `crowd-${i}@example.org`, password: PASSWORD },
          { 'x-forwarded-for': `203.0.113.${i}` },
        )
        .then((answer) => {
          if (answer.status === 401) signedIn++;
          return answer;
        }),
    );
    const busy = await Promise.any(crowd.map(async (one) => ((await one).status === 429 ? one : never())));
    expect(busy.body.error).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 5 });
    for (let i = 0; i < 3; i++) expect(await owner.browser.ask(WHO)).toHaveProperty('viewer');
    expect(signedIn).toBeLessThan(45);
    const statuses = (await Promise.all(crowd)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(51);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
  });

  test('of one network address is looked at five at once, and the others have their turn', async () => {
    const own = await testApi({ trustProxy: true });
    const attempt = (from: string, i: number) =>
      new Browser(own.api).post(
        '/auth/sign-in',
        { email: `flood-${i}@example.org`, password: PASSWORD },
        { 'x-forwarded-for': from },
      );
    const flood = Array.from({ length: 60 }, (_, i) => attempt('203.0.113.1', i));
    await Promise.any(flood);
    expect((await attempt('203.0.113.2', 60)).status).toBe(401);
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(30);
  });

  test('from an address that has tried too often is refused slowly, without a statement, and no other', async () => {
    const own = await testApi({ trustProxy: true });
    const attempt = (from: string, email: string) =>
      new Browser(own.api).post('/auth/sign-in', { email, password: PASSWORD }, { 'x-forwarded-for': from });
    for (let round = 0; round < 11; round++)
      await Promise.all(
        Array.from({ length: 10 }, (_, i) => attempt('203.0.113.3', `slow-${round}-${i}@x.org`)),
      );
    own.statements();
    const since = performance.now();
    const flood = await Promise.all(
      Array.from({ length: 200 }, (_, i) => attempt('203.0.113.3', `more-${i}@x.org`)),
    );
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([429]));
    expect(performance.now() - since).toBeGreaterThan(1_000);
    expect(own.statements()).toEqual([]);
    expect((await attempt('203.0.113.4', 'other@x.org')).status).toBe(401);
  });

  test('ends the session that the browser had, and signing out ends its own', async () => {
    const { browser, email } = await person(own);
    const before = browser.copy();
    await browser.post('/auth/sign-in', { email, password: PASSWORD });
    expect(await before.ask(WHO)).toBe('UNAUTHENTICATED');
    const kept = browser.copy();
    expect(await browser.post('/auth/sign-out', {})).toMatchObject({ status: 200, body: {} });
    expect(browser.cookies.size).toBe(0);
    expect(await kept.ask(WHO)).toBe('UNAUTHENTICATED');
    expect(await browser.post('/auth/sign-out', {})).toMatchObject({ status: 200 });
  });
});

describe('a password', () => {
  test('is changed by who knows the old one; other sessions end, this one stays', async () => {
    const { browser, email } = await person(own);
    const other = new Browser(own.api);
    await other.post('/auth/sign-in', { email, password: PASSWORD });
    const next = { password: 'another mill of numbers' };
    expect(await browser.post('/auth/password', { old: 'the wrong one', ...next })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringMatching(/^wrong old password/) } },
    });
    expect(await new Browser(own.api).post('/auth/password', { old: PASSWORD, ...next })).toMatchObject({
      status: 401,
    });
    expect(await browser.post('/auth/password', { old: PASSWORD, ...next })).toMatchObject({ status: 200 });
    expect([await browser.ask(WHO), await other.ask(WHO)]).toEqual([expect.anything(), 'UNAUTHENTICATED']);
    expect((await other.post('/auth/sign-in', { email, ...next })).status).toBe(200);
  });

  test('is not guessed by who is signed in: tries of the old one count too', async () => {
    const { browser } = await person(own);
    const statuses = [];
    for (let i = 0; i < 11; i++)
      statuses.push((await browser.post('/auth/password', { old: `wrong ${i}`, password: PASSWORD })).status);
    expect(statuses).toEqual([...Array(10).fill(400), 429]);
  });

  test('is set by a link once, which ends all sessions and forgets wrong tries', async () => {
    const { browser, email, memberId } = await person(own);
    const link = await createPasswordLink(own.db, { teamId: own.teamId, memberId }, owner);
    if (link.kind !== 'made') throw new Error(link.kind);
    const { secret } = link;
    for (let i = 0; i < 11; i++)
      await new Browser(own.api).post('/auth/sign-in', { email, password: 'the wrong one' });
    const set = (password: string) => new Browser(own.api).post('/auth/password', { secret, password });
    expect(await set(email)).toMatchObject({ status: 400 });
    expect(await set('another mill of numbers')).toMatchObject({ status: 200, body: {} });
    expect(await set('a third mill of numbers')).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringMatching(/^unknown link/) } },
    });
    expect(await browser.ask(WHO)).toBe('UNAUTHENTICATED');
    expect(await browser.post('/auth/sign-in', { email, password: 'another mill of numbers' })).toMatchObject(
      { status: 200 },
    );
  });
});

describe('a page of another origin', () => {
  const foreign = { origin: 'https://evil.example.org' };
  test.each([
    '/auth/sign-in',
    '/auth/sign-out',
    '/auth/team',
    '/auth/invitation',
    '/auth/password',
    '/graphql',
  ])('may not ask %s', async (path) => {
    for (const headers of [foreign, { origin: 'null' }])
      expect((await owner.browser.copy().post(path, { query: WHO }, headers)).status).toBe(403);
    expect(await owner.browser.ask(WHO)).toHaveProperty('viewer');
  });

  test('cannot send a form: nothing but JSON is read', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
      const { email } = owner;
      const body = type === 'text/plain' ? JSON.stringify({ email, password: PASSWORD }) : `email=${email}`;
      const sent = await new Browser(own.api).fetch('/auth/sign-in', {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      });
      expect(sent.status).toBe(400);
    }
  });
});

const never = (): Promise<never> => Promise.reject(new Error('another answer'));
