import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../kernel/clock.js';
import { answer, refused, type Told } from './answer.js';
import { isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import { faultPlan, type FaultPlan } from './fault.js';
import { readRequest } from './read-request.js';
import type { AccessKey, AwsSeed } from './seed.js';
import type { SignedRequest } from './sigv4.js';
import { targetOf } from './target.js';
import { identityOf, trail, type TrailEvent } from './trail.js';
import { type Slicing, worldOf } from './world.js';

export interface AwsStandIn {
  /** One address for STS, IAM and S3 (path style); what a request is for stands in its signature. */
  readonly url: string;
  readonly region: string;
  /** The first access key of the seed: the broker's. */
  readonly accessKey: AccessKey;
  readonly setFault: FaultPlan['set'];
  /** The latest 1,000 calls, oldest first. */
  readonly trail: () => readonly TrailEvent[];
  /** Connections that are open now. */
  readonly connections: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface AwsStandInOptions {
  /** eu-central-1 when left out. */
  readonly region?: string;
  /** A free port when left out. */
  readonly port?: number;
  readonly clock?: Clock;
  /** How long changes of policies take until they are in force; none when left out. */
  readonly spreadMs?: number;
  /** Needs an Allow and has an issue time of its own, unless it says otherwise. */
  readonly slicing?: Partial<Slicing>;
}

/**
 * STS, IAM and S3 over real HTTP, as far as the broker and its sandbox need them: signatures are verified, sessions
 * expire, and every call is decided by the policies in force. Throws MalformedPolicy on a bad seed.
 */
export async function startAwsStandIn(
  seed: AwsSeed,
  {
    region = 'eu-central-1',
    port = 0,
    clock = systemClock,
    spreadMs = 0,
    slicing = {},
  }: AwsStandInOptions = {},
): Promise<AwsStandIn> {
  const accessKey = seed.accounts[0]?.users?.[0]?.accessKeys[0];
  if (!accessKey)
    throw new Error('the first user of the first account needs an access key: it is the broker');
  const world = worldOf(seed, clock(), { there: true, needsAllow: true, issueTime: 'own', ...slicing });
  const place = { world, region, spreadMs };
  const faults = faultPlan();
  const log = trail();

  const server = createServer((incoming, response) => {
    void readRequest(incoming)
      .then((request) => serve(request, response))
      .catch(() => response.destroy());
  });

  function serve(request: SignedRequest, response: ServerResponse): void {
    const target = targetOf(request);
    const requestId = randomUUID();
    const fault = faults.next(target.action);
    if (fault?.is === 'hang') return;
    const told: Told =
      fault?.is === 'nonsense'
        ? { answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>welcome' } }
        : fault?.is === 'error'
          ? refused(
              new AwsError(fault.code, fault.status, `${fault.code} was asked for`),
              request,
              target,
              requestId,
            )
          : answer(place, request, target, requestId, clock());
    log.add({
      eventTime: isoSeconds(clock()),
      eventSource: `${target.service}.amazonaws.com`,
      // CloudTrail names calls without the service that policies put before them.
      eventName: target.action.replace(/^\w+:/, ''),
      userIdentity: identityOf(told.caller),
      ...(target.resource === undefined ? {} : { resource: target.resource }),
      ...(told.error ? { errorCode: told.error.code } : {}),
    });
    if (fault?.is === 'dropped_answer') return void response.destroy();
    const { status, headers, body } = told.answer;
    const altered = fault?.is === 'altered_answer' ? fault.alter(body.toString()) : body;
    response.writeHead(status, { date: new Date(clock()).toUTCString(), ...headers }).end(altered);
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region,
    accessKey,
    setFault: faults.set,
    trail: log.events,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
