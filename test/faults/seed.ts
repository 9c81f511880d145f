/** `FAULT_SEED` replays what a failing run has printed; `FAULT_RUNS` makes it search longer. */
export const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 2 ** 31);

/** How many histories to run: what was asked for, or what a build can afford. */
export const runs = (usual: number): number => Number(process.env['FAULT_RUNS'] ?? usual);

/** Tests that only the long command runs: `FAULT_LONG=1`. */
export const long = process.env['FAULT_LONG'] === '1';

/** What was counted, on a line of its own; a test that passes says how much it has seen. */
export function counted(what: string, counts: Readonly<Record<string, number | string>>): void {
  const told = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  process.stdout.write(`${what}: ${told.join(', ')}\n`);
}
