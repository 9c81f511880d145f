import { z } from 'zod';
import { duration } from '../../../kernel/duration.js';
import { Secret } from '../../../kernel/secret.js';

/** A role in the commercial, China or GovCloud partition; the path may be there. */
export const roleArn = z
  .string()
  .regex(/^arn:aws(-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, 'expected the ARN of an IAM role');

export const policyArn = z
  .string()
  .regex(
    /^arn:aws(-[a-z]+)*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/,
    'expected the ARN of a managed policy',
  );

/** A secret of the settings: wrapped when it arrives, or wrapped here. */
const secret = z.union([
  z.instanceof(Secret<string>),
  z
    .string()
    .min(1)
    .transform((text) => new Secret(text)),
]);

const externalId = z.string().regex(/^[\w+=,.@:/-]{2,1224}$/, 'expected 2 to 1,224 of A-Z a-z 0-9 _+=,.@:/-');

/** "Role chaining limits your session to a maximum of one hour" (STS API reference, AssumeRole). */
export const longestChainedSeconds = 3600;
export const longestSeconds = 43_200;
export const shortestSeconds = 900;
/** GetScopedCredentials goes down to 1 second; below a minute the calls would outweigh what they are for. */
export const shortestSliceSeconds = 60;

export const isLoopback = (url: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);

export const settings = z
  .strictObject({
    region: z
      .string()
      .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'expected a region such as "eu-central-1"')
      .describe('Region whose STS endpoint mints; sessions made there work in every region.'),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Another address of STS: a VPC endpoint, or the sandbox. Plain http only to this machine.'),
    sessionPrefix: z
      .string()
      .regex(/^[A-Za-z0-9]{1,3}$/, 'expected 1 to 3 letters or digits')
      .default('j')
      .describe('First part of every session name; two installations on one role need different ones.'),
    externalId: externalId
      .optional()
      .describe('External id sent with every role of the catalog, where their trust policies ask for one.'),
    via: z
      .strictObject({
        role: roleArn.describe('Role that the broker assumes first, and mints from.'),
        externalId: externalId
          .optional()
          .describe('External id that the trust policy of this role asks for.'),
      })
      .optional()
      .describe('A role on the way, for other accounts. Sessions minted through it last 1 hour at most.'),
    maximumTtl: duration
      .optional()
      .describe(
        'Longest lease; 12 hours when left out, 1 hour with "via". Set 1h where the broker itself runs as a role.',
      ),
    iamEndpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'Another address of IAM, which cuts sessions off; that of `endpoint` when left out and `endpoint` is on this machine.',
      ),
    boundary: policyArn
      .optional()
      .describe(
        "Permissions boundary of every role of the catalog that is cut off: the denies stand in this policy, and not in the roles. It must be the broker's alone.",
      ),
    revokers: z
      .record(
        z.string().regex(/^\d{12}$/, 'expected an account id of 12 digits'),
        z.strictObject({
          role: roleArn.describe('Role in that account that may write the denies there.'),
          externalId: externalId.optional().describe('External id that its trust policy asks for.'),
        }),
      )
      .default({})
      .describe(
        'By account: the role that the broker assumes to cut sessions off. Left out: what it mints with.',
      ),
    effectiveAfter: duration
      .default(60)
      .describe(
        'After that much time a deny that stands at AWS counts as in force, where no probe has seen it.',
      ),
    sliceTtl: duration
      .default(300)
      .describe('Life of one slice, where an entry is cut off by slices: 1 to 15 minutes.'),
    timeout: duration.default(5).describe('Longest wait for one credential, repeats included.'),
    attempts: z.int().min(1).max(5).default(2).describe('How often one call is tried within the timeout.'),
    connections: z.int().min(1).max(500).default(50).describe('Connections kept open to STS at most.'),
    credentials: z
      .strictObject({
        accessKeyId: z.string().min(1).describe('Access key of the sandbox.'),
        secretAccessKey: secret.describe('Its secret.'),
      })
      .optional()
      .describe(
        'For the sandbox alone. Against AWS the broker uses the default credential chain of the SDK.',
      ),
  })
  .superRefine(({ endpoint, iamEndpoint, credentials, via, maximumTtl, sliceTtl }, context) => {
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    const local = endpoint !== undefined && isLoopback(endpoint);
    if (endpoint?.startsWith('http:') && !local) wrong('endpoint', 'plain http only to this machine');
    if (iamEndpoint?.startsWith('http:') && !isLoopback(iamEndpoint))
      wrong('iamEndpoint', 'plain http only to this machine');
    if (credentials && !local) wrong('credentials', 'only together with an endpoint on this machine');
    if (sliceTtl < shortestSliceSeconds || sliceTtl > shortestSeconds)
      wrong('sliceTtl', 'expected 1m to 15m');
    const longest = via ? longestChainedSeconds : longestSeconds;
    if (maximumTtl !== undefined && (maximumTtl < shortestSeconds || maximumTtl > longest))
      wrong(
        'maximumTtl',
        `expected 15m to ${longest / 3600}h${via ? ', for sessions made through "via"' : ''}`,
      );
  });

export type AwsStsSettings = z.output<typeof settings>;
