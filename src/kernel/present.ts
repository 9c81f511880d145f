/** The type with its members that may be undefined made members that may be absent instead. */
export type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without the members that are undefined. A loop, because it runs several times per request. */
export function present<T extends object>(all: T): Present<T> {
  const kept: Partial<T> = {};
  for (const name of Object.keys(all) as (keyof T)[]) if (all[name] !== undefined) kept[name] = all[name];
  return kept as unknown as Present<T>;
}

/**
 * The same object, for those who look at a member's value and never whether it is there: what is not copied costs nothing.
 * JSON.stringify leaves out what is undefined by itself.
 */
export const optional = <T extends object>(all: T): Present<T> => all as unknown as Present<T>;
