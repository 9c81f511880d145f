/** What a condition can look at, by name. */
export interface Reads {
  readonly attributes: ReadonlySet<string>;
  /** Names of the tags, over all entities; `all` when one is worked out while deciding. */
  readonly tags: ReadonlySet<string> | 'all';
  /** A record of the context is used as a whole, so that all of it is read. */
  readonly whole: boolean;
}

/** The parts of the context that hold other attributes. */
const records = new Set(['verified', 'asserted']);

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/**
 * What policies (in Cedar's JSON) can look at. An attribute is read only by `.` and `has`, a tag only by `getTag` and
 * `hasTag`, and a record by being used without one of these. So what is not named here cannot change an answer, and
 * need not be in the request: the broker leaves it out, which makes deciding cheaper and lets an answer be remembered
 * for every task it is the same for.
 */
export function readsOf(policies: readonly object[]): Reads {
  const attributes = new Set<string>();
  const tags = new Set<string>();
  let allTags = false;
  let whole = false;

  function visit(node: unknown, accessed: boolean): void {
    if (Array.isArray(node)) for (const item of node) visit(item, false);
    else if (isNode(node))
      for (const [key, part] of Object.entries(node)) {
        if (key === 'Var' && part === 'context' && !accessed) whole = true;
        else if ((key === '.' || key === 'has') && isNode(part) && 'attr' in part)
          visitAccess(key, part, accessed);
        else {
          if (key === 'getTag' || key === 'hasTag') readTag(part);
          visit(part, false);
        }
      }
  }

  function visitAccess(key: string, part: Node, accessed: boolean): void {
    const names = [part['attr']].flat().filter((name) => typeof name === 'string');
    for (const name of names) attributes.add(name);
    if (key === '.' && !accessed && names.some((name) => records.has(name))) whole = true;
    visit(part['left'], true);
  }

  function readTag(part: unknown): void {
    const right = isNode(part) ? part['right'] : undefined;
    const name = isNode(right) ? right['Value'] : undefined;
    if (typeof name === 'string') tags.add(name);
    else allTags = true;
  }

  visit(policies, false);
  return { attributes, tags: allTags ? 'all' : tags, whole };
}
