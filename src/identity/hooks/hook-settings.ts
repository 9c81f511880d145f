import { z } from 'zod';
import { Secret } from '../../kernel/secret.js';
import { pointerPattern } from './json-pointer.js';
import { publicKey, sharedKey } from './standard-webhooks.js';

const secretWhere = (holds: (text: string) => boolean, message: string) =>
  z
    .union([z.instanceof(Secret<string>), z.string().transform((text) => new Secret(text))])
    .refine((secret) => holds(secret.reveal()), message);

const secretsOf = (one: ReturnType<typeof secretWhere>) =>
  z.array(one).min(1).max(8).describe('Any of these will do; name old and new while you rotate.');

const pointer = z.string().max(256).regex(pointerPattern, 'expected a JSON pointer such as "/data/task_id"');
const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const outcome = z.enum(['completed', 'failed', 'cancelled']);
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header')
  .transform((name) => name.toLowerCase());

const mapping = z.strictObject({
  when: z
    .record(pointer, z.union([scalar.transform((one) => [one]), z.array(scalar).min(1)]))
    .default({})
    .describe('JSON pointers and the values they must lead to; a delivery of which one differs is ignored.'),
  task: pointer
    .optional()
    .describe(
      'Leads to the task id, or to a text with one task id in it, such as the title of a workflow run.',
    ),
  run: pointer
    .optional()
    .describe(
      "Instead of `task`: leads to the orchestrator's own name of the run; every task opened with it as its `run` ends.",
    ),
  runPrefix: z
    .string()
    .max(128)
    .default('')
    .describe(
      'Stands before the name in the `run` of the tasks, so that two orchestrators do not share names.',
    ),
  outcome: z
    .strictObject({
      from: pointer.describe('Leads to the word for how it ended.'),
      is: z.record(z.string(), outcome).describe('The outcome for each word.'),
      otherwise: outcome.default('failed').describe('The outcome for any other word, or none.'),
    })
    .optional()
    .describe('How the task ended; completed, when this is left out.'),
});

const named = mapping.refine(
  ({ task, run }) => (task === undefined) !== (run === undefined),
  'expected either `task` or `run`',
);

const tasks = z.union([named.transform((one) => [one]), z.array(named).min(1).max(8)]);

/** The contract that Protem publishes: `{ type: "task.completed", timestamp, data: { task_id } }`. */
const published: z.input<typeof tasks> = {
  when: { '/type': ['task.completed', 'task.failed', 'task.cancelled'] },
  task: '/data/task_id',
  outcome: {
    from: '/type',
    is: { 'task.completed': 'completed', 'task.failed': 'failed', 'task.cancelled': 'cancelled' },
  },
};

const longEnough = secretWhere((text) => text.length >= 16, 'expected a secret of at least 16 characters');
const mappingText =
  'How a payload says that a task has ended; of several ways, the first that fits the payload.';

const openedBy = z
  .array(z.string().min(1).max(2048))
  .min(1)
  .optional()
  .describe('Principals whose tasks this source may end, by who opened them; any task, when left out.');

/** One source of task-end webhooks, at `/v1/hooks/<its name>`. */
const hookSourceSettings = z.discriminatedUnion('scheme', [
  z.strictObject({
    scheme: z.literal('standard-webhooks').describe('Standard Webhooks 1.0.0: body, id and time are signed.'),
    secrets: secretsOf(
      secretWhere(
        (text) => sharedKey(text) !== undefined || publicKey(text) !== undefined,
        'expected "whsec_" and base64 of 24 to 64 bytes, or "whpk_" and base64 of an ed25519 public key',
      ),
    ),
    toleranceSeconds: z
      .int()
      .min(1)
      .max(3600)
      .default(300)
      .describe('How far the signed time may lie from now, either way.'),
    tasks: tasks.prefault(published).describe(mappingText),
    openedBy,
  }),
  z.strictObject({
    scheme: z.literal('github').describe('GitHub: the body is signed.'),
    secrets: secretsOf(longEnough),
    tasks: tasks.describe(mappingText),
    openedBy,
  }),
  z.strictObject({
    scheme: z.literal('bearer').describe('A secret is sent along; the body is not signed.'),
    secrets: secretsOf(longEnough),
    header: headerName
      .default('authorization')
      .describe('Where the secret is; bare, unless it is "Authorization".'),
    deliveryHeader: headerName
      .optional()
      .describe('Where the sender names the delivery; without it, equal bodies are one delivery.'),
    tasks: tasks.prefault(published).describe(mappingText),
    openedBy,
  }),
]);

/** By name of the source. */
export const hookSettings = z
  .record(
    z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'expected a name such as "github"'),
    hookSourceSettings,
  )
  .default({})
  .describe('Webhooks that say that a task has ended.');

/** The source, when the settings have one of this name. Whoever calls chooses the name: "constructor" is not one. */
export const sourceNamed = (sources: z.output<typeof hookSettings>, name: string): HookSource | undefined =>
  Object.hasOwn(sources, name) ? sources[name] : undefined;

export type HookSource = z.output<typeof hookSourceSettings>;
export type TaskMapping = z.output<typeof mapping>;
