/** One `path` block of a policy. */
export interface Rule {
  readonly path: string;
  readonly capabilities: readonly string[];
}

/** The part of HCL that policies are mostly written in: `path "..." { capabilities = ["..."] }`, and comments. */
export function parsePolicy(text: string): Rule[] {
  const bare = text.replace(/^\s*(#|\/\/).*$/gm, '');
  const block = /path\s+"([^"]+)"\s*\{\s*capabilities\s*=\s*\[([^\]]*)\]\s*\}/g;
  const rules = [...bare.matchAll(block)].map(([, path = '', list = '']) => ({
    path,
    capabilities: [...list.matchAll(/"([a-z]+)"/g)].map(([, name = '']) => name),
  }));
  const rest = bare.replace(block, '').trim();
  if (rest !== '') throw new Error(`not understood in a policy: ${rest.slice(0, 80)}`);
  return rules;
}

/**
 * What the rules allow on the path. The most specific pattern decides alone; where several policies have that
 * pattern their capabilities add up, and `deny` beats them.
 */
export function capabilitiesOn(path: string, rules: readonly Rule[]): readonly string[] {
  const matching = rules.filter((rule) => matches(rule.path, path));
  const best = matching.toSorted((a, b) => compare(b.path, a.path))[0];
  if (!best) return [];
  const all = matching.filter((rule) => rule.path === best.path).flatMap((rule) => rule.capabilities);
  return all.includes('deny') ? [] : [...new Set(all)];
}

/** `*` at the end is any rest, `+` is any one segment. */
function matches(pattern: string, path: string): boolean {
  const open = pattern.endsWith('*');
  const body = (open ? pattern.slice(0, -1) : pattern)
    .split('/')
    .map((segment) => (segment === '+' ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${body}${open ? '' : '/?$'}`).test(path);
}

/**
 * Negative when `a` is the less specific: its first wildcard comes earlier, it ends in `*`, it has more `+`, it is
 * shorter (developer.hashicorp.com/vault/docs/concepts/policies, priority matching).
 */
function compare(a: string, b: string): number {
  const firstWildcard = (pattern: string) => (/[*+]/.test(pattern) ? pattern.search(/[*+]/) : Infinity);
  const closed = (pattern: string) => (pattern.endsWith('*') ? 0 : 1);
  const plusses = (pattern: string) => pattern.split('/').filter((segment) => segment === '+').length;
  if (firstWildcard(a) !== firstWildcard(b)) return firstWildcard(a) < firstWildcard(b) ? -1 : 1;
  return closed(a) - closed(b) || plusses(b) - plusses(a) || a.length - b.length;
}
