import { checkpointPage } from './audit-api.js';
import type { Api } from './audit-api.js';
import type { Out } from './audit-export.js';

/** Writes every signed checkpoint, a JSON a line as an anchor has them, oldest first; returns how many there were. */
export async function exportCheckpoints(api: Api, out: Out, from?: string): Promise<number> {
  let token = from;
  let written = 0;
  do {
    const page = await checkpointPage(api, token).catch((error: unknown) => {
      if (token !== undefined) out.say(`Go on from here with --page-token ${token}`);
      throw error;
    });
    for (const checkpoint of page.items) await out.write(JSON.stringify(checkpoint));
    written += page.items.length;
    token = page.next_page_token;
  } while (token !== undefined);
  return written;
}
