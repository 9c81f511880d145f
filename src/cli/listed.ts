import type { Call } from '../sdk/call.js';
import type { Columns } from './output.js';
import { UsageError } from './terminal.js';
import type { Verb } from './verb.js';

/** Prints a list, up to `limit` of it. */
export async function listed(
  verb: Verb<{ limit: string }>,
  path: string,
  query: Call['query'],
  columns: Columns,
): Promise<void> {
  const { client, options } = verb;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw new UsageError(`"${options.limit}" is not a number of things.`);
  const found: unknown[] = [];
  let isMore = false;
  for await (const item of client.list(path, { ...query, page_size: Math.min(limit, 500) })) {
    if (found.length === limit) {
      isMore = true;
      break;
    }
    found.push(item);
  }
  await verb.print(found, columns);
  if (isMore) verb.say(`There are more than the ${limit} shown; --limit says how many to show.`);
}
