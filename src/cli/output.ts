import { UsageError } from './terminal.js';
import type { Terminal } from './terminal.js';

export interface OutputOptions {
  /** table, json or yaml; a table on a terminal and JSON elsewhere when left out. */
  readonly output?: string;
  /** Only this part, such as "revocation.effect" or "items[0].id". */
  readonly field?: string;
}

/** Heads of a table, and where in a row each value is. */
export type Columns = Readonly<Record<string, string>>;

/** Prints one value, or a list of them, as the options ask. @throws UsageError */
export async function print(
  { out }: Terminal,
  options: OutputOptions,
  value: unknown,
  columns?: Columns,
): Promise<void> {
  if (options.field !== undefined) return void out.write(`${plain(fieldOf(value, options.field))}\n`);
  const format = options.output ?? (out.isTTY ? 'table' : 'json');
  if (format === 'json') out.write(`${JSON.stringify(value, undefined, 2)}\n`);
  else if (format === 'yaml') out.write((await import('yaml')).stringify(value));
  else if (format === 'table')
    out.write(Array.isArray(value) ? rows(value, columns ?? {}, out.columns) : pairs(value));
  else throw new UsageError(`There is no output "${format}": table, json or yaml.`);
}

/** @throws UsageError for a part that is not there */
export function fieldOf(value: unknown, path: string): unknown {
  let at = value;
  for (const step of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step))
      throw new UsageError(`There is no field "${path}" in the answer${partsOf(at)}.`);
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

function partsOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '';
  if (Array.isArray(value))
    return value.length === 0 ? ': the list is empty' : `: it is a list, as in [0].id`;
  return `: there is ${Object.keys(value).join(', ')}`;
}

/** One line of text; what would steer a terminal is left out. */
export function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

const longestCell = 48;

function rows(list: readonly unknown[], columns: Columns, width = 200): string {
  const heads = Object.keys(columns);
  const table = [
    heads.map((head) => head.toUpperCase()),
    ...list.map((row) => heads.map((head) => cut(plain(optional(row, columns[head] ?? head))))),
  ];
  const widths = heads.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line.slice(0, Math.max(40, width))}\n`)
    .join('');
}

const cut = (text: string) => (text.length > longestCell ? `${text.slice(0, longestCell - 1)}…` : text);

function optional(value: unknown, path: string): unknown {
  let at = value;
  for (const step of path.split('.')) at = (at as Record<string, unknown> | undefined)?.[step];
  return at;
}

function pairs(value: unknown, indent = ''): string {
  if (typeof value !== 'object' || value === null) return `${plain(value)}\n`;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const widest = Math.max(0, ...entries.map(([name]) => name.length));
  return entries
    .map(([name, each]) =>
      typeof each === 'object' && each !== null && !Array.isArray(each) && Object.keys(each).length > 0
        ? `${indent}${name}\n${pairs(each, `${indent}  `)}`
        : `${indent}${name.padEnd(widest)}  ${plain(each)}\n`,
    )
    .join('');
}
