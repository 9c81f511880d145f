import { readFileSync } from 'node:fs';

interface Attribute {
  readonly type: string;
  readonly array?: true;
  readonly required?: true;
  readonly profile?: string;
  readonly deprecated?: true;
  readonly enum?: readonly string[];
}
interface Shape {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}
interface Schema {
  readonly version: string;
  readonly types: Readonly<Record<string, string>>;
  readonly classes: Readonly<Record<string, Shape & { readonly category: number }>>;
  readonly objects: Readonly<Record<string, Shape>>;
}
type Json = Readonly<Record<string, unknown>>;

const schema = JSON.parse(readFileSync('test/fixtures/ocsf/schema.json', 'utf8')) as Schema;

/** What is wrong with an event by the schema of OCSF; nothing when it is valid. */
export function ocsfProblems(event: Json): string[] {
  const known = schema.classes[String(event['class_uid'])];
  if (!known) return [`there is no class ${String(event['class_uid'])}`];
  const metadata = event['metadata'] as { version?: string; profiles?: string[] } | undefined;
  const profiles = metadata?.profiles ?? [];
  const problems = shapeProblems(event, known, profiles, '');
  const { category_uid, class_uid, activity_id, type_uid } = event as Record<string, number>;
  if (metadata?.version !== schema.version) problems.push(`it says version ${metadata?.version}`);
  if (category_uid !== known.category) problems.push('category_uid: not that of the class');
  if (type_uid !== class_uid! * 100 + activity_id!) problems.push('type_uid: not class and activity');
  if (activity_id === 99 && event['activity_name'] === undefined) problems.push('activity_name: missing');
  return problems;
}

/** Their values depend on the class, and are held against it above. */
const ofTheClass = new Set(['category_uid', 'class_uid']);

function shapeProblems(value: Json, shape: Shape, profiles: readonly string[], at: string): string[] {
  const problems: string[] = [];
  for (const [name, attribute] of Object.entries(shape.attributes)) {
    const applies = attribute.profile === undefined || profiles.includes(attribute.profile);
    if (attribute.required && applies && !(name in value)) problems.push(`${at}${name}: missing`);
  }
  for (const [name, member] of Object.entries(value)) {
    const attribute = shape.attributes[name];
    const where = `${at}${name}`;
    if (!attribute) problems.push(`${where}: unknown`);
    else if (attribute.profile !== undefined && !profiles.includes(attribute.profile))
      problems.push(`${where}: of the profile ${attribute.profile}, which is not named`);
    else if (attribute.deprecated) problems.push(`${where}: deprecated`);
    else if (attribute.array !== Array.isArray(member) && (attribute.array || Array.isArray(member)))
      problems.push(`${where}: ${attribute.array ? 'not ' : ''}a list`);
    else
      for (const one of attribute.array ? (member as unknown[]) : [member])
        problems.push(...valueProblems(one, attribute, profiles, where, ofTheClass.has(where)));
  }
  const { at_least_one: some, just_one: one } = shape.constraints ?? {};
  if (some && !some.some((name) => name in value)) problems.push(`${at}: none of ${some.join(', ')}`);
  if (one && one.filter((name) => name in value).length !== 1)
    problems.push(`${at}: not one of ${one.join(', ')}`);
  return problems;
}

function valueProblems(
  value: unknown,
  { type, enum: values }: Attribute,
  profiles: readonly string[],
  at: string,
  isOfClass: boolean,
): string[] {
  if (values && !isOfClass && !values.includes(String(value)))
    return [`${at}: ${String(value)} is no value of it`];
  const primitive = schema.types[type];
  if (primitive) return isOfType(value, primitive) ? [] : [`${at}: not ${type}`];
  if (typeof value !== 'object' || value === null) return [`${at}: no object`];
  if (type === 'object') return [];
  const shape = schema.objects[type];
  return shape
    ? shapeProblems(value as Json, shape, profiles, `${at}.`)
    : [`${at}: ${type} is not in the fixture`];
}

const isOfType = (value: unknown, type: string): boolean =>
  ({
    string_t: typeof value === 'string',
    integer_t: Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
    long_t: Number.isSafeInteger(value),
    float_t: typeof value === 'number',
    boolean_t: typeof value === 'boolean',
    json_t: true,
  })[type] ?? false;
