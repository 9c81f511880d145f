// Writes what is printed from the code: run `npm run docs` after changing a fault or a wire shape.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { faultReference } from '../dist/wire/fault-reference.js';
import { openapi } from '../dist/wire/openapi.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
mkdirSync('docs', { recursive: true });
writeFileSync('docs/errors.md', faultReference());
writeFileSync('docs/openapi.json', `${JSON.stringify(openapi(version), undefined, 2)}\n`);
