type Fields = readonly (readonly [field: string, value: string])[];

/**
 * What stands against agents until somebody lifts it, as the store has it: blocks by scope, risks by agent and stream, and
 * until when (ms epoch) what an agent had proved proves nothing. A store that forgets them would issue what was stopped, so
 * they are kept outside it as well, and whoever accepts a store that has lost them puts them back.
 */
export interface Stops {
  readonly blocks: Fields;
  readonly risks: Fields;
  readonly endedProofs: Fields;
}

export const noStops: Stops = { blocks: [], risks: [], endedProofs: [] };
