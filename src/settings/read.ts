import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { Secret } from '../kernel/secret.js';

/** The environment as settings see it; `src/settings` and the entry points alone read it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment may set, and where it goes. Each has a `..._FILE` twin, which wins. */
export const fromEnvironment: Readonly<Record<string, readonly string[]>> = {
  PROTEM_AUDIENCE: ['audience'],
  PROTEM_LISTEN_HOST: ['listen', 'host'],
  PROTEM_LISTEN_PORT: ['listen', 'port'],
  PROTEM_LOG_LEVEL: ['log', 'level'],
  PROTEM_REDIS_URL: ['redis', 'url'],
  PROTEM_REDIS_USERNAME: ['redis', 'username'],
  PROTEM_REDIS_PASSWORD: ['redis', 'password'],
};
const secretNames = new Set(['PROTEM_REDIS_PASSWORD']);

const trimmed = (path: string): string => readFileSync(path, 'utf8').replace(/\r?\n$/, '');

type Tree = Record<string, unknown>;
const noFile = 'there is no such file; --config or PROTEM_CONFIG names another';
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);

/** `{ env: NAME }` and `{ file: path }` become Secrets. */
function takeSecrets(value: unknown, environment: Environment, problems: string[], path: string): unknown {
  if (Array.isArray(value))
    return value.map((item, index) => takeSecrets(item, environment, problems, `${path}.${index}`));
  if (!isTree(value)) return value;
  const keys = Object.keys(value);
  const [key] = keys;
  const source = key === undefined ? undefined : value[key];
  if (keys.length === 1 && typeof source === 'string' && (key === 'env' || key === 'file')) {
    const found = key === 'env' ? environment[source] : readable(source);
    if (found !== undefined && found !== '') return new Secret(found);
    problems.push(
      `${path}: ${key === 'env' ? `the environment has no ${source}` : `${source} cannot be read`}`,
    );
    return new Secret('');
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      takeSecrets(inner, environment, problems, `${path}.${name}`),
    ]),
  );
}

function readable(path: string): string | undefined {
  try {
    return trimmed(path);
  } catch {
    return undefined;
  }
}

/** Puts a value at a path; what is not there on the way becomes an object, and a number names a place in a list. */
export function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [name, ...rest] = path;
  if (name === undefined) return;
  const inner = tree[name];
  if (rest.length === 0) tree[name] = value;
  else if (Array.isArray(inner)) setAt(inner as unknown as Tree, rest, value);
  else {
    const next: Tree = isTree(inner) ? inner : {};
    tree[name] = next;
    setAt(next, rest, value);
  }
}

/** Where `{ env: NAME }` and `{ file: path }` mean a secret; elsewhere they are what their schema says. */
const secretSections = ['redis', 'providers', 'hooks', 'console', 'audit', 'notifications'];

/** Throws when there is nothing to look into: what else would be told would only be noise. */
function readTree(file: string, problems: string[]): Tree {
  let parsed: unknown;
  try {
    parsed = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof YAMLParseError) throw new Error(`it is not YAML: ${placeOf(error)}`);
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? noFile : `it cannot be read: ${code ?? 'unknown'}`);
  }
  if (isTree(parsed)) return parsed;
  problems.push('it has to be a map of settings');
  return {};
}

/** The message of the parser would quote the file. */
const placeOf = ({ code, linePos }: YAMLParseError): string =>
  `${code.toLowerCase().replaceAll('_', ' ')}${linePos ? ` at line ${linePos[0].line}` : ''}`;

/** The settings tree before it is checked: defaults < file < PROTEM_* < *_FILE. An empty variable is as none. */
export function readSettingsTree(file: string, environment: Environment): { tree: Tree; problems: string[] } {
  const problems: string[] = [];
  const tree = readTree(file, problems);
  for (const section of secretSections)
    if (section in tree) tree[section] = takeSecrets(tree[section], environment, problems, section);
  for (const [name, path] of Object.entries(fromEnvironment)) {
    const fileName = environment[`${name}_FILE`] || undefined;
    const value = fileName === undefined ? environment[name] || undefined : readable(fileName);
    if (fileName !== undefined && value === undefined)
      problems.push(`${name}_FILE: ${fileName} cannot be read`);
    if (value !== undefined) setAt(tree, path, secretNames.has(name) ? new Secret(value) : value);
  }
  return { tree, problems };
}
