import { openapi } from './openapi.js';

/** What of JSON Schema the descriptions of this API use. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly default?: unknown;
}

interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string;
        readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
      }
    >
  >;
}

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** docs/http-reference.md: every call with its fields, answers and faults, printed from the OpenAPI description. */
export function apiReference(version: string): string {
  const { paths, components } = openapi(version) as unknown as Description;
  const calls = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, call]) => ({ title: `${method.toUpperCase()} ${path}`, call })),
  );
  const tags = [...new Set(calls.flatMap(({ call }) => call.tags))];
  return [
    '# HTTP reference',
    '',
    '<!-- Printed by `npm run docs` from the shapes that parse the requests. -->',
    '',
    'Every call of the API. A broker serves the same as OpenAPI 3.1 at `/openapi.json`; [openapi.json](openapi.json) is',
    'that file. How the calls go together: [api.md](api.md). What each fault means: [errors.md](errors.md).',
    '',
    ...tags.flatMap((tag) => [
      `## ${tag}`,
      '',
      ...calls
        .filter(({ call }) => call.tags.includes(tag))
        .flatMap(({ title, call }) => callText(title, call)),
    ]),
    '## Shapes',
    '',
    ...Object.entries(components.schemas).flatMap(([name, schema]) => [
      `### ${name}`,
      '',
      ...(schema.description === undefined ? [] : [schema.description, '']),
      ...fieldsOf(schema),
    ]),
  ].join('\n');
}

function callText(title: string, call: Described): string[] {
  const { summary, parameters = [], requestBody, responses, security } = call;
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  return [
    `### ${title}`,
    '',
    `${summary}. ${security.length > 0 ? 'With a token.' : 'Without a token.'}`,
    '',
    ...(parameters.length === 0
      ? []
      : table(
          ['in', 'name', 'is', ''],
          parameters.map((each) => [each.in, code(each.name), typeOf(each.schema), each.description ?? '']),
        )),
    ...(body?.properties ? ['Body:', '', ...fieldsOf(body)] : []),
    ...table(
      ['status', 'is', 'answers with'],
      Object.entries(responses).map(([status, { description, content = {} }]) => [
        status,
        description,
        Object.values(content)
          .map(({ schema }) => typeOf(schema))
          .filter((text) => text !== 'Problem')
          .join(', '),
      ]),
    ),
  ];
}

const fieldsOf = (schema: Schema): string[] => {
  const rows = rowsOf(schema, '');
  return rows.length === 0 ? [] : table(['field', 'is', '', ''], rows);
};

/** One row for each field; those of an object inside follow it with their path. */
function rowsOf({ properties = {}, required = [] }: Schema, path: string): string[][] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const at = `${path}${name}`;
    const bound = field.default === undefined ? '' : `default ${code(JSON.stringify(field.default))}`;
    const own = [
      code(at),
      typeOf(field),
      required.includes(name) && !bound ? 'required' : bound,
      field.description ?? '',
    ];
    const inner = field.items?.properties ? field.items : field;
    return [own, ...(inner.properties ? rowsOf(inner, `${at}${inner === field ? '' : '[]'}.`) : [])];
  });
}

function typeOf(schema: Schema): string {
  const { $ref, type, items, additionalProperties } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1);
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum) return schema.enum.map((one) => code(String(one))).join(', ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return [...new Set(either.map(typeOf))].join(' or ');
  if (type === 'array') return items ? `list of ${typeOf(items)}` : 'list';
  if (type === 'object' && typeof additionalProperties === 'object')
    return `object of ${typeOf(additionalProperties)}`;
  return typeof type === 'string' ? type : (type ?? ['anything']).join(' or ');
}

const code = (text: string): string => `\`${text}\``;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `| ${head.map(() => '---').join(' | ')} |`,
  ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`),
  '',
];
