import { operations } from './operations.js';
import type { Operation } from './operation.js';
import { queryNamesOf } from './openapi.js';

const quoted = (text: string) => JSON.stringify(text);
const tuple = (all: readonly string[]) => `(${all.map((one) => `${quoted(one)},`).join(' ')})`;

/** clients/python/protem/operations.py: what the Python client knows of each call, printed from the table of them. */
export function pythonOperations(): string {
  const rows = Object.entries<Operation>(operations).map(([id, operation]) => {
    const { method, path, idempotent = false } = operation;
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const parts = [
      quoted(method.toUpperCase()),
      quoted(path),
      tuple(inPath),
      tuple(queryNamesOf(operation)),
      idempotent ? 'True' : 'False',
    ];
    return `    ${quoted(id)}: (${parts.join(', ')}),`;
  });
  return [
    '"""Printed by `npm run docs` from src/wire/operations.ts: method, path, names in the path, names in the query, and',
    'whether it takes an Idempotency-Key."""',
    '',
    'OPERATIONS = {',
    ...rows,
    '}',
    '',
  ].join('\n');
}
