import type { LeaseShape } from '../../src/wire/lease.js';
import { stateWords } from '../words.js';

const signs: Record<LeaseShape['state'], string> = {
  reserved: '○',
  active: '●',
  revoking: '◐',
  revoked: '■',
  expired: '□',
  stuck: '▲',
};

/** By sign, word and colour; never by colour alone. */
export const State = ({ state }: { state: LeaseShape['state'] }) => (
  <span class={`state state-${state}`}>
    <span aria-hidden="true">{signs[state]}</span> {stateWords[state]}
  </span>
);
