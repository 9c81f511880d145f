import { z } from 'zod';

const count = (least: number, most: number, usual: number) => z.int().min(least).max(most).default(usual);

/** How much the HTTP server takes from whom. Bytes, milliseconds, counts. */
export const limitsSettings = z
  .strictObject({
    bodyBytes: count(1024, 1_048_576, 65_536).describe('Largest JSON body of a request.'),
    hookBodyBytes: count(1024, 26_214_400, 1_048_576).describe(
      'Largest body of a webhook; those of GitHub describe the whole repository.',
    ),
    headerBytes: count(4096, 131_072, 16_384).describe('Largest head of a request, all headers together.'),
    requestsPerSecond: count(1, 1_000_000, 5000).describe(
      'Requests per second, of all callers together; health checks are not counted.',
    ),
    requestsPerSecondPerPeer: count(1, 1_000_000, 1000).describe(
      'Requests per second of one peer address (an IPv6 /64 is one). Behind a proxy all callers are one peer.',
    ),
    connections: count(1, 1_000_000, 10_000).describe('Connections at a time; more are closed unanswered.'),
    headersTimeoutMs: count(100, 600_000, 10_000).describe('Longest time for the head of a request.'),
    requestTimeoutMs: count(100, 600_000, 30_000).describe('Longest time for a whole request to arrive.'),
    keepAliveTimeoutMs: count(100, 3_600_000, 65_000).describe(
      'How long an idle connection is kept; longer than the load balancer in front keeps it.',
    ),
    drainMs: count(0, 600_000, 0).describe(
      'How long to go on serving after /readyz has turned to 503, so that a load balancer can notice.',
    ),
    stopTimeoutMs: count(0, 600_000, 25_000).describe(
      'How long requests in flight may take to finish when stopping.',
    ),
  })
  .refine((limits) => limits.headersTimeoutMs <= limits.requestTimeoutMs, {
    path: ['headersTimeoutMs'],
    message: 'must not be longer than requestTimeoutMs',
  })
  .describe('What the HTTP server takes from whom.');

export type Limits = z.output<typeof limitsSettings>;
