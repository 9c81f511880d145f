import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../kernel/clock.js';
import { systemClock } from '../kernel/clock.js';

/** Links into the console for whoever sits at the terminal: each holds once, and for a quarter of an hour. */
export interface SignInLinks {
  /** Prints a new one. */
  print(): void;
  /** The token that a good link stands for. For one that does not hold (any more), a new one is printed. */
  redeem(link: string): Promise<string | undefined>;
}

const holdsMs = 900_000;
/** Whoever can reach the port can ask for links to be printed. */
const printEveryMs = 3000;

export function signInLinks(
  origin: string,
  mint: () => Promise<string>,
  say: (line: string) => void,
  clock: Clock = systemClock,
): SignInLinks {
  const open = new Map<string, number>();
  let printedAt = -Infinity;
  const print = () => {
    const now = clock();
    if (now - printedAt < printEveryMs) return;
    printedAt = now;
    const link = randomBytes(32).toString('base64url');
    open.set(digest(link), now + holdsMs);
    say(`\nThe console, signed in as the operator olga (holds once, for 15 minutes):\n`);
    say(`  ${origin}/console/sign-in?once=${link}\n`);
  };
  return {
    print,
    async redeem(link) {
      const until = open.get(digest(link));
      open.delete(digest(link));
      if (until !== undefined && clock() < until) return mint();
      print();
      return undefined;
    },
  };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
