/** What a request carries besides principal, action and resource; names of keys in lower case. */
export type Context = ReadonlyMap<string, string>;

/** One place of a pattern: a character that stands for itself, any run of characters, or any one character. */
type Token = string | typeof anyRun | typeof anyOne;
const anyRun = Symbol('*');
const anyOne = Symbol('?');

/**
 * The pattern with its policy variables filled in from the request; what a variable stands for never acts as a
 * wildcard. Undefined when a variable has neither a value nor a default (IAM User Guide, "Variables and tags").
 */
function tokensOf(
  pattern: string,
  context: Context | undefined,
  wildcards: boolean,
): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const end = context && pattern.startsWith('${', at) ? pattern.indexOf('}', at) : -1;
    if (context && end > 0) {
      const value = variable(pattern.slice(at + 2, end), context);
      if (value === undefined) return undefined;
      tokens.push(...value.split(''));
      at = end + 1;
      continue;
    }
    const character = pattern.charAt(at++);
    if (wildcards && character === '*') tokens.push(anyRun);
    else if (wildcards && character === '?') tokens.push(anyOne);
    else tokens.push(character);
  }
  return tokens;
}

function variable(text: string, context: Context): string | undefined {
  if (text === '*' || text === '?' || text === '$') return text;
  const [, key, fallback] = /^([^,]*?)\s*(?:,\s*'(.*)')?$/.exec(text) ?? [];
  return context.get((key ?? text).trim().toLowerCase()) ?? fallback;
}

/** Greedy with one step back: linear in practice, never worse than pattern times text. */
function matches(tokens: readonly Token[], text: string): boolean {
  let t = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    const token = tokens[p];
    if (token === anyRun) {
      star = p++;
      resume = t;
    } else if (token === anyOne || token === text[t]) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (tokens[p] === anyRun) p++;
  return p === tokens.length;
}

/**
 * Whether a condition value matches; `wildcards` off for the operators that take the value as it stands. Undefined
 * when a variable cannot be resolved: nothing can be said then, neither that it matches nor that it does not.
 */
export function matchesValue(
  pattern: string,
  text: string,
  context: Context | undefined,
  wildcards: boolean,
): boolean | undefined {
  const tokens = tokensOf(pattern, context, wildcards);
  return tokens && matches(tokens, text);
}

/** Action names are case-insensitive and know no variables. */
export const matchesAction = (pattern: string, action: string): boolean =>
  matchesValue(pattern.toLowerCase(), action.toLowerCase(), undefined, true) === true;

/**
 * ARNs match part by part: a wildcard does not reach over a colon before the last part, where variables may be.
 * Undefined when a variable cannot be resolved.
 */
export function matchesArn(pattern: string, arn: string, context: Context | undefined): boolean | undefined {
  if (pattern === '*') return true;
  const ours = partsOf(pattern);
  const theirs = partsOf(arn);
  const last = matchesValue(ours[5] ?? '', theirs[5] ?? '', context, true);
  if (last === undefined) return undefined;
  return last && ours.slice(0, 5).every((part, i) => matchesValue(part, theirs[i] ?? '', undefined, true));
}

function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}
