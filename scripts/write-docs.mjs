// Writes what is printed from the code: run `npm run docs` after changing a fault, a wire shape or a setting.
import { readFileSync, writeFileSync } from 'node:fs';
import { pythonOperations } from '../dist/wire/python-operations.js';
import { cliReference } from '../dist/cli/reference.js';
import { wholeProgram } from '../dist/server-commands.js';
import { providerKinds } from '../dist/issuance/providers/registry.js';
import { settingsJsonSchema } from '../dist/settings/json-schema.js';
import { settingsReference } from '../dist/settings/reference.js';
import { apiReference } from '../dist/wire/api-reference.js';
import { faultReference } from '../dist/wire/fault-reference.js';
import { openapi } from '../dist/wire/openapi.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const asText = (value) => `${JSON.stringify(value, undefined, 2)}\n`;
writeFileSync('docs/errors.md', faultReference());
writeFileSync('docs/http-reference.md', apiReference(version));
writeFileSync('docs/openapi.json', asText(openapi(version)));
writeFileSync('docs/configuration.md', settingsReference(providerKinds));
writeFileSync('config/protem.schema.json', asText(settingsJsonSchema(providerKinds)));

const [head] = readFileSync('docs/cli.md', 'utf8').split(/(?<=^<!-- What follows .*-->\n)/m);
writeFileSync('docs/cli.md', cliReference(head, wholeProgram()));
writeFileSync('clients/python/protem/operations.py', pythonOperations());
