const waiting: (() => void)[] = [];
let isPlanned = false;

/**
 * When whatever the event loop has at hand has been looked at, and before it waits for more. What is asked for meanwhile by
 * one of these is done in the same round: with `setImmediate` it would wait for a whole turn more.
 */
export function atEndOfTurn(act: () => void): void {
  waiting.push(act);
  plan();
}

function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  setImmediate(actAll);
}

/** One that throws puts the others off to the next turn, and loses none. */
function actAll(): void {
  try {
    for (let act = waiting.shift(); act; act = waiting.shift()) act();
  } finally {
    isPlanned = false;
    if (waiting.length > 0) plan();
  }
}
