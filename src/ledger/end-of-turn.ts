let waiting: (() => void)[] = [];

/**
 * When whatever the event loop has at hand has been looked at, and before it waits for more. What is asked for meanwhile by
 * one of these is done in the same round: with `setImmediate` it would wait for a whole turn more.
 */
export function atEndOfTurn(act: () => void): void {
  if (waiting.push(act) === 1) setImmediate(actAll);
}

function actAll(): void {
  const acts = waiting;
  for (let next = 0; next < acts.length; next++) acts[next]!();
  waiting = [];
}
