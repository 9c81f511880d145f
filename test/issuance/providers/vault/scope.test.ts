import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { policiesOf, routeOf, scope } from '../../../../src/issuance/providers/vault/scope.js';

const problems = (entry: unknown): string =>
  z.prettifyError(scope.safeParse(entry).error ?? new z.ZodError([]));

test('an entry says which policies and which path, and the rest has a default', () => {
  expect(scope.parse({ policies: ['reports'], path: 'database/creds/{{role}}' })).toEqual({
    policies: ['reports'],
    path: 'database/creds/{{role}}',
    deliver: 'secret',
    method: 'read',
    wrapTtl: 300,
    static: false,
  });
  expect(scope.parse({ policies: ['reports'], deliver: 'token' })).toMatchObject({ deliver: 'token' });
});

test.each([
  [{ policies: ['reports'] }, 'needed to deliver a secret'],
  [{ policies: ['reports'], deliver: 'wrapped' }, 'needed to deliver a wrapped'],
  [{ policies: ['reports'], deliver: 'token', path: 'a/b' }, 'without reading anything'],
  [{ policies: ['reports'], deliver: 'token', static: true }, 'always has an end'],
  [{ policies: ['reports'], path: 'a/b', data: { a: 'b' } }, 'only for the method "write"'],
  [{ policies: ['reports'], path: 'a/b', pathh: 'a/c' }, 'pathh'],
  [{ policies: [], path: 'a/b' }, 'policies'],
  [{ policies: ['root'], path: 'a/b' }, 'root'],
  [{ policies: ['reports', 'Root '], path: 'a/b' }, 'root'],
  [{ path: 'a/b' }, 'policies'],
])('the entry %j is refused: %s', (entry, message) => {
  expect(problems(entry)).toContain(message);
});

test.each(['', '/', 'a//b', '/a', 'a/', 'a/../b', '..', 'a/./b', 'a/\ud800'])(
  'no route is made of %j',
  (path) => {
    expect(() => routeOf(path)).toThrow(expect.objectContaining({ code: 'credential.parameters' }));
  },
);

test.each([['root'], ['reports', 'ROOT'], [' root'], ['']])(
  'parameters that make the policies %j are refused',
  (...policies) => {
    expect(() => policiesOf(policies)).toThrow(expect.objectContaining({ code: 'credential.parameters' }));
  },
);

test('other policies are as they were filled in', () => {
  expect(policiesOf(['reports', 'rooted'])).toEqual(['reports', 'rooted']);
});

test('a path keeps its segments whatever is in them, and gets no query and no fragment', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (segments) => {
      fc.pre(segments.every((segment) => !/\p{Surrogate}|[/]|^\.\.?$/u.test(segment)));
      const { pathname, search, hash } = new URL(`http://vault/v1/${routeOf(segments.join('/'))}`);
      expect(pathname.slice(4).split('/').map(decodeURIComponent)).toEqual(segments);
      expect([search, hash]).toEqual(['', '']);
    }),
  );
});
