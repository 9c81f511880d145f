/** A JSON pointer (RFC 6901) that leads somewhere below the root. */
export const pointerPattern = /^(?:\/(?:[^~/]|~[01])*)+$/;

/** What the pointer leads to, by own members only; undefined when there is nothing. */
export function valueAt(root: unknown, pointer: string): unknown {
  let value = root;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The text of a string, number or boolean that the pointer leads to; undefined for anything else. */
export function textAt(root: unknown, pointer: string): string | undefined {
  const value = valueAt(root, pointer);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
