import type { SchemaJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Reads } from './cedar-reads.js';
import { suppliedNames } from './cedar-request.js';

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names of a record type's attributes wherever they stand in a schema, and the schema without some of them. */
function withoutAttributes(node: unknown, drop: (name: string) => boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutAttributes(item, drop));
  if (!isNode(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, part]) => {
      const kept =
        key === 'attributes' && node['type'] === 'Record' && isNode(part)
          ? Object.fromEntries(Object.entries(part).filter(([name]) => !drop(name)))
          : part;
      return [key, withoutAttributes(kept, drop)];
    }),
  );
}

/** Attributes that a schema demands and the broker does not have: every request would be refused for want of them. */
export function unsuppliedAttributes(schema: SchemaJson<string>): string[] {
  const unknown = new Set<string>();
  withoutAttributes(schema, (name) => {
    if (!suppliedNames.has(name)) unknown.add(name);
    return false;
  });
  return [...unknown];
}

/** The schema of just what the policies read; requests are made, and checked, by it. */
export const schemaOfReads = (
  schema: SchemaJson<string>,
  { whole, attributes }: Reads,
): SchemaJson<string> =>
  whole
    ? schema
    : (withoutAttributes(
        schema,
        (name) => suppliedNames.get(name) === 'fact' && !attributes.has(name),
      ) as SchemaJson<string>);
