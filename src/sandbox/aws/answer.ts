import { authorize } from './authorize.js';
import { AwsError } from './aws-error.js';
import type { Answer } from './call.js';
import { type Caller, callerOf } from './caller.js';
import { iam } from './iam.js';
import { answerQuery, queryError, readParameters } from './query-api.js';
import { answerS3, s3Error } from './s3.js';
import type { SignedRequest } from './sigv4.js';
import { sts } from './sts.js';
import type { Target } from './target.js';
import type { World } from './world.js';

/** The answer, and for the trail who called and what was wrong. */
export interface Told {
  readonly answer: Answer;
  readonly caller?: Caller | undefined;
  readonly error?: AwsError;
}

/** Where the services answer from: all of them read and write one world. */
export interface Place {
  readonly world: World;
  readonly region: string;
  /** How long changes of policies take until they are in force. */
  readonly spreadMs: number;
}

/** Answers as the service would at this moment. */
export function answer(
  { world, region, spreadMs }: Place,
  request: SignedRequest,
  target: Target,
  requestId: string,
  now: number,
): Told {
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
    return { answer: answerQuery(service, readParameters(request.body.toString()), call, requestId), caller };
  } catch (error) {
    const known = error instanceof AwsError ? error : new AwsError('InternalFailure', 500, String(error));
    return { ...refused(known, request, target, requestId), caller };
  }
}

/** The error as the service words it, whoever called. */
export const refused = (
  error: AwsError,
  request: SignedRequest,
  target: Target,
  requestId: string,
): Told => ({
  answer: refusal(error, request, target, requestId),
  error,
});

const refusal = (error: AwsError, request: SignedRequest, { service }: Target, requestId: string): Answer =>
  service === 's3'
    ? s3Error(error, request, requestId)
    : queryError(error, service === 'iam' ? iam.namespace : sts.namespace, requestId);
