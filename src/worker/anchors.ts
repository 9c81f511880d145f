import { appendFile, open } from 'node:fs/promises';
import { saidBy } from '../audit/checkpoint.js';
import type { Anchor, SignedCheckpoint } from '../audit/checkpoint.js';
import type { Secret } from '../kernel/secret.js';
import type { CheckpointLog } from '../ledger/ledger.js';

export interface AnchorSettings {
  readonly anchorFile?: string | undefined;
  readonly anchorWebhook?: { readonly url: string; readonly token?: Secret<unknown> | undefined } | undefined;
}

export const anchorsOf = (
  { anchorFile, anchorWebhook }: AnchorSettings,
  checkpoints: CheckpointLog,
): Anchor[] => [
  ...(anchorFile === undefined ? [] : [fileAnchor(anchorFile)]),
  ...(anchorWebhook === undefined ? [] : [webhookAnchor(anchorWebhook, checkpoints)]),
];

const shown = ({ seq, at, jws }: SignedCheckpoint) => ({ seq, at: new Date(at).toISOString(), jws });

/** Appends a line of JSON for each; where it stopped is read from the file's own end, whoever wrote it. */
export function fileAnchor(file: string): Anchor {
  return {
    name: 'file',
    last: async (latest) => {
      const line = (await tailOf(file)).trimEnd().split('\n').at(-1) ?? '';
      if (line === '') return 0;
      const [told, now] = [saidBy(JSON.parse(line) as { jws: string }), saidBy(latest)];
      return told.chain === now.chain && told.epoch === now.epoch ? told.seq : 0;
    },
    tell: (checkpoints) =>
      appendFile(file, checkpoints.map((each) => `${JSON.stringify(shown(each))}\n`).join('')),
  };
}

/** More than the longest line. */
const tailBytes = 8192;

async function tailOf(file: string): Promise<string> {
  const handle = await open(file, 'a+', 0o644);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } finally {
    await handle.close();
  }
}

const answerWithinMs = 10_000;

/** Posts `{"checkpoints": [...]}`; the store remembers how far, for all workers. */
export function webhookAnchor(
  { url, token }: NonNullable<AnchorSettings['anchorWebhook']>,
  checkpoints: CheckpointLog,
): Anchor {
  return {
    name: 'webhook',
    last: () => checkpoints.anchored('webhook'),
    async tell(untold) {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token && { authorization: `Bearer ${String(token.reveal())}` }),
        },
        body: JSON.stringify({ checkpoints: untold.map(shown) }),
        redirect: 'error',
        signal: AbortSignal.timeout(answerWithinMs),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`The webhook of the anchor answered ${response.status}.`);
      await checkpoints.setAnchored('webhook', untold.at(-1)!.seq);
    },
  };
}
