import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../../kernel/clock.js';
import { authorize, isoSeconds } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Answer } from './call.js';
import { type Caller, callerOf } from './caller.js';
import { faultPlan, type FaultPlan } from './fault.js';
import { iam } from './iam.js';
import { answerQuery, queryError, readParameters } from './query-api.js';
import { answerS3, s3Action, s3Error } from './s3.js';
import type { AccessKey, AwsSeed } from './seed.js';
import { readSignature, type SignedRequest } from './sigv4.js';
import { sts } from './sts.js';
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
  const faults = faultPlan();
  const log = trail();

  /** Answers as the service would; also says who called, for the trail. */
  function answer(request: SignedRequest, target: Target, requestId: string): Told {
    const now = clock();
    let caller: Caller | undefined;
    try {
      const known = callerOf(request, target.service, world, region, now, spreadMs);
      caller = known;
      const call = {
        caller: known,
        world,
        region,
        now,
        authorize: (attempt: Parameters<typeof authorize>[1]) => authorize(known, attempt, region, now),
      };
      if (target.service === 's3') return { answer: answerS3(request, call, requestId), caller };
      const service = target.service === 'iam' ? iam : sts;
      return {
        answer: answerQuery(service, readParameters(request.body.toString()), call, requestId),
        caller,
      };
    } catch (error) {
      const known = error instanceof AwsError ? error : new AwsError('InternalFailure', 500, String(error));
      return { answer: refusal(known, request, target, requestId), caller, error: known };
    }
  }

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
          : answer(request, target, requestId);
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

interface Told {
  readonly answer: Answer;
  readonly caller?: Caller | undefined;
  readonly error?: AwsError;
}

interface Target {
  readonly service: 'sts' | 'iam' | 's3';
  /** `AssumeRole`, `s3:GetObject`. */
  readonly action: string;
  readonly resource?: string;
}

/** What a request is for: the service stands in its signature, and unsigned ones are told apart by their shape. */
function targetOf(request: SignedRequest): Target {
  const claimed = readSignature(request.headers['authorization'] ?? '')?.service;
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  if (claimed === 's3' || (!claimed && !isForm))
    return {
      service: 's3',
      action: s3ActionOrNone(request),
      resource: `arn:aws:s3:::${request.path.slice(1)}`,
    };
  const parameters = readParameters(request.body.toString());
  const resource = parameters.text('RoleArn') ?? parameters.text('RoleName');
  return {
    service: claimed === 'iam' ? 'iam' : 'sts',
    action: parameters.text('Action') ?? '',
    ...(resource === undefined ? {} : { resource }),
  };
}

function s3ActionOrNone(request: SignedRequest): string {
  try {
    return s3Action(request) ?? '';
  } catch {
    return '';
  }
}

const refused = (error: AwsError, request: SignedRequest, target: Target, requestId: string): Told => ({
  answer: refusal(error, request, target, requestId),
  error,
});

const refusal = (error: AwsError, request: SignedRequest, { service }: Target, requestId: string): Answer =>
  service === 's3'
    ? s3Error(error, request, requestId)
    : queryError(error, service === 'iam' ? iam.namespace : sts.namespace, requestId);

const largestBodyBytes = 5_000_000;

async function readRequest(incoming: IncomingMessage): Promise<SignedRequest> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBodyBytes) throw new Error('the body is too large');
    chunks.push(chunk);
  }
  const [path = '/', query = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : value,
    ]),
  );
  return { method: incoming.method ?? 'GET', path, query, headers, body: Buffer.concat(chunks) };
}
