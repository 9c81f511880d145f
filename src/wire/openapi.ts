import { z } from 'zod';
import { faults } from '../kernel/fault.js';
import { approval } from './approval.js';
import { auditRecord } from './audit.js';
import { catalogEntry } from './catalog.js';
import { lease } from './lease.js';
import { liveChanges } from './live.js';
import { faultsOf } from './operation.js';
import type { Operation } from './operation.js';
import { operations } from './operations.js';
import { problem } from './problem.js';
import { task } from './task.js';

type Json = Readonly<Record<string, unknown>>;

/** Shapes that more than one answer holds. */
const shared = {
  Task: task,
  Lease: lease,
  Approval: approval,
  CatalogEntry: catalogEntry,
  AuditRecord: auditRecord,
  LiveChanges: liveChanges,
  Problem: problem,
};
const names = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(shared)) names.add(schema, { id });

/**
 * The description of the HTTP API as OpenAPI 3.1, made from the schemas that parse the requests and shape the
 * answers. JSON Schema 2020-12 is the schema language of both, so zod's own conversion is all that is needed.
 */
export function openapi(version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [id, operation] of Object.entries<Operation>(operations))
    (paths[operation.path] ??= {})[operation.method] = described(id, operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Protem',
      version,
      description: 'Just-in-time credentials for AI agents: one task, one lease, taken back at the provider.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'OIDC token or JWT-SVID.',
        },
        dpop: {
          type: 'http',
          scheme: 'dpop',
          description:
            'The same token, with a proof by a key in the header `DPoP` (RFC 9449). A token that names a key is taken in no other way.',
        },
        certificate: {
          type: 'mutualTLS',
          description: 'X509-SVID as certificate of the client, and no token, where the settings take those.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-protem',
          description:
            'Session of the console. What changes something carries the header `Protem-CSRF` as well.',
        },
      },
    },
  };
}

const security: Record<Operation['proof'], readonly Json[]> = {
  bearer: [{ bearer: [] }, { dpop: [] }, { certificate: [] }, { session: [] }],
  session: [{ session: [] }],
  hook: [],
  none: [],
};

function components(): Json {
  const { schemas } = z.toJSONSchema(names, { uri: reference });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)]));
}

const reference = (id: string) => `#/components/schemas/${id}`;

/** Without what only a schema document of its own has. */
function bare(schema: object): Json {
  const { $schema: _dialect, $id: _id, ...rest } = schema as Record<string, unknown>;
  return rest;
}

const taken = (schema: z.ZodType): Json => bare(z.toJSONSchema(schema, { io: 'input' }));

/** A shape in an answer, with references to the shared ones: converted by itself, because a registry is always converted whole. */
function given(schema: z.ZodType): Json {
  const known = names.get(schema);
  if (known) return { $ref: reference(known.id) };
  const { $defs: _shared, ...rest } = bare(
    z.toJSONSchema(schema, {
      metadata: names,
      override: ({ zodSchema, jsonSchema }) =>
        void Object.assign(jsonSchema, z.globalRegistry.get(zodSchema)),
    }),
  );
  return JSON.parse(JSON.stringify(rest).replaceAll('"#/$defs/', `"${reference('')}`)) as Json;
}

function described(id: string, operation: Operation): Json {
  const parameters = [...pathParameters(operation), ...queryParameters(operation), ...headers(operation)];
  return {
    operationId: id,
    tags: [operation.tag],
    summary: operation.summary,
    security: security[operation.proof],
    ...(parameters.length > 0 && { parameters }),
    ...(operation.body && { requestBody: requestBody(operation.body) }),
    ...(operation.proof === 'hook' && {
      requestBody: { required: true, content: { [operation.takes ?? 'application/json']: { schema: {} } } },
    }),
    responses: responses(operation),
  };
}

function requestBody(body: z.ZodType): Json {
  const schema = taken(body);
  const required = Array.isArray(schema['required']) && schema['required'].length > 0;
  return { required, content: { 'application/json': { schema } } };
}

const pathParameters = ({ path }: Operation): Json[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

/** The names that may stand in the query of a call. */
export const queryNamesOf = (operation: Operation): string[] =>
  queryParameters(operation).map(({ name }) => String(name));

function queryParameters({ query }: Operation): Json[] {
  if (!query) return [];
  const { properties = {} } = taken(query) as { properties?: Record<string, Json> };
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return { name, in: 'query', ...(description !== undefined && { description }), schema: rest };
  });
}

const headers = ({ idempotent }: Operation): Json[] =>
  idempotent
    ? [
        {
          name: 'Idempotency-Key',
          in: 'header',
          description: 'The same key with the same request is one request, however often it is sent.',
          schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
        },
      ]
    : [];

function responses(operation: Operation): Json {
  const byStatus: Record<string, unknown> = {};
  for (const [status, { description, shape, mediaType = 'application/json' }] of Object.entries(
    operation.answers,
  ))
    byStatus[status] = { description, content: { [mediaType]: { schema: shape ? given(shape) : {} } } };
  const known = faultsOf(operation);
  for (const status of new Set(known.map((code) => faults[code].status))) {
    const codes = known.filter((code) => faults[code].status === status);
    const before = byStatus[status] as { description: string; content: Json } | undefined;
    byStatus[status] = {
      description: [before?.description, codes.map((code) => `\`${code}\``).join(', ')]
        .filter(Boolean)
        .join(' '),
      content: { ...before?.content, 'application/problem+json': { schema: { $ref: reference('Problem') } } },
    };
  }
  return byStatus;
}
