import type { z } from 'zod';

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** What an answer of this schema holds; nobody changes one. */
export type Shape<Schema extends z.ZodType> = Frozen<z.output<Schema>>;
