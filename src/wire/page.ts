import { z } from 'zod';

/** Query of every list. The page token is opaque: take it from `next_page_token`, with the same filters. */
export const pageQuery = {
  page_size: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(500)
    .default(50)
    .meta({ description: 'How many at most; the answer may hold fewer and still have a next page.' }),
  page_token: z
    .string()
    .regex(/^[A-Za-z0-9_~.=-]{1,1024}$/, 'expected the "next_page_token" of a page')
    .optional()
    .meta({ description: 'The `next_page_token` of the page before.' }),
};

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({
    items: z.array(item),
    next_page_token: z
      .string()
      .optional()
      .meta({ description: 'Ask for the next page with it. Absent on the last page.' }),
  });
