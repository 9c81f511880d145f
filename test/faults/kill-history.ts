import fc from 'fast-check';
import type { CrashPoint } from './crash-points.js';
import { calls } from './recording-provider.js';
import type { Call } from './recording-provider.js';

/** One step of a history. Numbers choose among what there is when the step is taken. */
export type Step =
  | {
      readonly do: 'ask';
      readonly times: number;
      readonly ttl: '1s' | '2s' | '1h';
      readonly retried: boolean;
    }
  | { readonly do: 'end' | 'release'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'provider fails'; readonly call: Call; readonly times: number }
  | { readonly do: 'Redis is killed' };

/** How the next process is killed: at a place of its own code, by the provider at a request, or at any time. */
export type Kill = { readonly role: 'api' | 'worker'; readonly which: number } & (
  | { readonly how: 'at'; readonly point: CrashPoint }
  | { readonly how: 'by the provider'; readonly call: Call; readonly when: 'arrived' | 'done' }
  | { readonly how: 'any time'; readonly ms: number }
);

/** What happens, and then a process is killed while it is still happening. */
export interface Moment {
  readonly steps: readonly Step[];
  readonly kill: Kill;
}

/** What makes a process come to the place where it is to die. */
export function leadsTo(kill: Kill): Step {
  const place = kill.how === 'at' ? kill.point.at : kill.how === 'by the provider' ? kill.call : '';
  const which = kill.which;
  if (/claim-due|queue|end-task|take-|settle/.test(place)) return { do: 'end', which };
  if (place === 'revoke') return { do: 'release', which };
  if (place === 'abandon') return { do: 'provider fails', call: 'make-credential', times: 2 };
  return { do: 'ask', times: 4, ttl: '1s', retried: false };
}

const placesOf = {
  api: ['open-task', 'reserve', 'learn', 'activate', 'abandon', 'end-task', 'revoke', 'claim-due', 'queue'],
  worker: ['claim-due', 'settle', 'settle', 'seal', 'queue'],
} as const;
const callsOf = {
  api: ['make-token', 'make-credential'],
  worker: ['find-tokens', 'take-credential', 'take-token'],
} as const;

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      times: fc.integer({ min: 1, max: 12 }),
      ttl: fc.constantFrom('1s' as const, '2s' as const, '1h' as const),
      retried: fc.boolean(),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'release' as const), which: fc.nat(99) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('provider fails' as const),
      call: fc.constantFrom(...calls),
      times: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'Redis is killed' as const }) },
);

const killOf = (role: 'api' | 'worker'): fc.Arbitrary<Kill> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        role: fc.constant(role),
        which: fc.nat(99),
        how: fc.constant('at' as const),
        point: fc.oneof(
          fc.record({
            at: fc.constantFrom<string[]>(...placesOf[role]),
            when: fc.constantFrom('before' as const, 'sent' as const, 'after' as const),
            nth: fc.integer({ min: 1, max: 4 }),
          }),
          fc.record({
            at: fc.constantFrom<string[]>(...callsOf[role]),
            when: fc.constantFrom('before' as const, 'after' as const),
            nth: fc.integer({ min: 1, max: 4 }),
          }),
        ),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        role: fc.constant(role),
        which: fc.nat(99),
        how: fc.constant('by the provider' as const),
        call: fc.constantFrom<Call[]>(...callsOf[role]),
        when: fc.constantFrom('arrived' as const, 'done' as const),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        role: fc.constant(role),
        which: fc.nat(99),
        how: fc.constant('any time' as const),
        ms: fc.nat(150),
      }),
    },
  );

const aMoment: fc.Arbitrary<Moment> = fc.record({
  steps: fc.array(aStep, { minLength: 1, maxLength: 5 }),
  kill: fc.oneof(killOf('api'), killOf('worker')),
});

/** A history is as many kills as that. */
export const aHistory = (kills: number): fc.Arbitrary<readonly Moment[]> =>
  fc.array(aMoment, { minLength: kills, maxLength: kills, size: 'max' });
