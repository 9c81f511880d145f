import { readParameters } from './query-api.js';
import { s3Action } from './s3.js';
import { readSignature, type SignedRequest } from './sigv4.js';

export interface Target {
  readonly service: 'sts' | 'iam' | 's3';
  /** `AssumeRole`, `s3:GetObject`. */
  readonly action: string;
  readonly resource?: string;
}

/** What a request is for: the service stands in its signature, and unsigned ones are told apart by their shape. */
export function targetOf(request: SignedRequest): Target {
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
