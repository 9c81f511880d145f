import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { taskIdPattern, leaseIdPattern, newLeaseId, newTaskId } from '../../src/kernel/id.js';
import { moves } from '../../src/lease/lease.js';
import { leaseState } from '../../src/wire/lease.js';
import { apiReference } from '../../src/wire/api-reference.js';
import { faultReference } from '../../src/wire/fault-reference.js';
import { openapi } from '../../src/wire/openapi.js';
import { operations } from '../../src/wire/operations.js';
import { leaseId, taskId } from '../../src/wire/text.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

interface Described {
  readonly paths: Record<
    string,
    Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>
  >;
}

test('the description is OpenAPI 3.1, says a validator that did not make it', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(
    structuredClone(openapi('1.0.0')) as Record<string, unknown>,
  );
  expect([valid, errors]).toEqual([true, undefined]);
  expect(validator.version).toBe('3.1');
});

test('every operation is described, and nothing else', () => {
  const { paths } = openapi('1.0.0') as unknown as Described;
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const built = Object.values(operations).map(({ method, path }) => `${method} ${path}`);
  expect(described.toSorted()).toEqual(built.toSorted());
});

test('the calls of this release are there', () => {
  const { paths } = openapi('1.0.0') as unknown as Described;
  expect(Object.keys(paths).toSorted()).toEqual(
    [
      '/v1/aws/credentials',
      '/v1/tasks',
      '/v1/tasks/{task}',
      '/v1/tasks/{task}/steps',
      '/v1/tasks/{task}/subtasks',
      '/access/v1/evaluation',
      '/access/v1/evaluations',
      '/.well-known/authzen-configuration',
      '/v1/tasks/{task}/end',
      '/v1/tasks/{task}/credentials',
      '/v1/leases',
      '/v1/leases/{lease}',
      '/v1/leases/{lease}/renew',
      '/v1/leases/{lease}/revoke',
      '/v1/revocations',
      '/v1/revocations/{revocation}',
      '/v1/blocks',
      '/v1/blocks/{block}/lift',
      '/v1/agents',
      '/v1/agents/{agent}',
      '/v1/agents/{agent}/disable',
      '/v1/agents/{agent}/enable',
      '/v1/agents/{agent}/signals',
      '/v1/hooks/{source}',
      '/v1/signals/{stream}',
      '/v1/audit',
      '/v1/audit/checkpoints',
      '/v1/audit/keys',
      '/v1/catalog',
      '/v1/events',
      '/v1/overview',
      '/v1/session',
      '/v1/session/end',
      '/openapi.json',
      '/livez',
      '/readyz',
      '/metrics',
      '/problems/{code}',
    ].toSorted(),
  );
});

test('the schema of a request says the same as the parser', () => {
  const ajv = new Ajv2020({ strict: false });
  const { paths } = openapi('1.0.0') as unknown as Described;
  const schema =
    paths['/v1/tasks/{task}/credentials']?.['post']?.requestBody?.content['application/json']?.schema;
  const described = ajv.compile(schema ?? false);
  const { body } = operations.requestCredential;
  for (const request of [
    { credential: 'reports-reader' },
    { credential: 'reports-reader', parameters: { a: 1 }, ttl: '15m', tool: 'read', reason: 'a\nb' },
    { credential: 'reports-reader', extra: 1 },
    { credential: 'a b' },
    { credential: 'x'.repeat(65) },
    { parameters: {} },
    { credential: 'x', parameters: [] },
    { credential: 'x', reason: '\u0007' },
    { credential: 'x', tool: 'a\nb' },
    { credential: 'x', reason: 'x'.repeat(501) },
    { credential: 'x', ttl: 900 },
  ])
    expect([request, described(request)]).toEqual([request, body.safeParse(request).success]);
});

test('wire and domain agree on what they both spell', () => {
  expect(leaseState.options.toSorted()).toEqual(Object.keys(moves).toSorted());
  const task = newTaskId();
  const lease = newLeaseId(task);
  expect([taskId.safeParse(task).success, taskIdPattern.test(task)]).toEqual([true, true]);
  expect([leaseId.safeParse(lease).success, leaseIdPattern.test(lease)]).toEqual([true, true]);
});

test('docs/errors.md, docs/http-reference.md and docs/openapi.json are what the code says; `npm run docs` writes them', () => {
  expect(readFileSync('docs/errors.md', 'utf8')).toBe(faultReference());
  expect(readFileSync('docs/http-reference.md', 'utf8')).toBe(apiReference(version));
  expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(openapi(version))),
  );
});
