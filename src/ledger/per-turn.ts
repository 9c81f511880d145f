import { atEndOfTurn } from './end-of-turn.js';

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * Asks for one thing at a time; what was asked for in one turn of the event loop goes together, `most` at once: as soon as
 * there are so many, so that the store works on them while the turn goes on. `ask` answers in the order of its items, with
 * an Error where one of them failed. When it fails itself, all of them did.
 */
export function perTurn<Item, Answer>(
  most: number,
  ask: (items: readonly Item[]) => Promise<readonly (Answer | Error)[]>,
): (item: Item) => Promise<Answer> {
  let waiting: Waiting<Item, Answer>[] = [];

  async function send(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await ask(batch.map(({ item }) => item));
      for (let index = 0; index < batch.length; index++) {
        const answer = answers[index]!;
        if (answer instanceof Error) batch[index]!.reject(answer);
        else batch[index]!.resolve(answer);
      }
    } catch (cause) {
      for (const { reject } of batch) reject(cause);
    }
  }

  function sendWaiting(): void {
    const batch = waiting;
    waiting = [];
    if (batch.length > 0) void send(batch);
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) atEndOfTurn(sendWaiting);
      waiting.push({ item, resolve, reject });
      if (waiting.length === most) sendWaiting();
    });
}
