import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  ACTIONS,
  can,
  guard,
  guardRoutes,
  NODES,
  onlyOf,
  RIGHTS,
  ROUTES,
  RULES,
  rightsPage,
  type Viewer,
} from '@smallbatch/api';
import express, { Router } from 'express';
import { buildSchema } from 'graphql';
import { describe, expect, test } from 'vitest';

const viewer = (more: Partial<Viewer>): Viewer => ({
  ...{ teamId: 'a', memberId: 'me', accountId: 'i', role: 'MEMBER', scopes: ['READ', 'WRITE', 'WORK'] },
  ...more,
});

describe('the table of rights', () => {
  test('gives a role all that lesser ones have, and has no action that nothing asks for', () => {
    const order = ['VIEWER', 'MEMBER', 'MAINTAINER', 'OWNER'];
    const asked = new Set([...Object.values(RULES), ...Object.values(ROUTES), ...Object.values(NODES)]);
    for (const action of ACTIONS) {
      const { roles } = RIGHTS[action];
      expect(roles, action).toEqual(order.slice(order.indexOf(roles[0]!)));
      const ofOthers = Object.values(RIGHTS).some(({ others }) => others === action);
      expect(asked.has(action) || ofOthers, action).toBe(true);
    }
  });

  test('decides by team, role, scope, and whose a thing is', () => {
    expect(can(undefined, 'look')).toBe(false);
    const [me, maintainer] = [viewer({}), viewer({ role: 'MAINTAINER' })];
    const [mine, theirs, elsewhere] = [
      { teamId: 'a', memberId: 'me' },
      { teamId: 'a', memberId: 'you' },
      { teamId: 'b', memberId: 'me' },
    ];
    expect([mine, theirs, elsewhere].map((thing) => can(me, 'change', thing))).toEqual([true, false, false]);
    expect([mine, theirs, elsewhere].map((thing) => can(maintainer, 'change', thing))).toEqual([
      true,
      true,
      false,
    ]);
    expect(can(me, 'change', { memberId: null })).toBe(false);
    expect([onlyOf(me, 'change'), onlyOf(maintainer, 'change')]).toEqual(['me', null]);
    const token = viewer({ role: 'OWNER', tokenId: 't', scopes: ['WORK'] });
    expect(
      (['look', 'work', 'read', 'change', 'manageSessions'] as const).map((one) => can(token, one)),
    ).toEqual([...[true, true, false, false, false]]);
    expect(can(viewer({ role: 'VIEWER', tokenId: 't', scopes: ['WRITE'] }), 'change')).toBe(false);
  });

  test('is what docs/rights.md says', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/rights.md'), 'utf8');
    expect(page === rightsPage(), 'run npm run generate').toBe(true);
  });
});

describe('the server does not start', () => {
  test('with a root field for which nobody has said who may use it', () => {
    const schema = () => buildSchema('type Query { a: Int } type Mutation { b: Int }');
    expect(() => guard(schema(), { 'Mutation.b': 'change' })).toThrow(
      'missing rule: nobody has said who may use Query.a',
    );
    expect(() => guard(schema(), { 'Query.a': 'read', 'Mutation.b': 'change' })).toThrow(
      'missing resolve of a',
    );
  });

  test('with such a route, wherever it is mounted', () => {
    const inner = Router().get('/inner', () => {});
    const deep = Router().use('/deep', inner);
    for (const [app, route] of [
      [express().get('/new', () => {}), 'GET /new'],
      [express().post('/health/live', () => {}), 'POST /health/live'],
      [express().use('/deep', inner), 'GET /deep/inner'],
      [express().use(inner), 'GET /inner'],
      [express().use('/very', deep), 'GET /very/deep/inner'],
      [express().use('/plain', () => {}), 'ALL /plain'],
    ] as const) {
      expect(() => guardRoutes(app)).toThrow(`missing rule: nobody has said who may use ${route}`);
      expect(() => guardRoutes(app, { [route]: 'anyone' })).not.toThrow();
    }
  });
});
