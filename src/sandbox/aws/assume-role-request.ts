import { AwsError } from './aws-error.js';
import { MalformedPolicy, parsePolicy, type Policy } from './evaluator/policy.js';
import { mustSatisfy, type Parameters, required } from './query-api.js';
import type { Document, World } from './world.js';

const longestSessionPolicy = 2048;

/** AssumeRole's parameters within the limits of its API reference; throws ValidationError and its kin. */
export function readAssumeRole(parameters: Parameters, world: World) {
  const roleArn = required(parameters, 'RoleArn');
  mustSatisfy('roleArn', roleArn, /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/, 20, 2048);
  const sessionName = required(parameters, 'RoleSessionName');
  mustSatisfy('roleSessionName', sessionName, /^[\w+=,.@-]*$/, 2, 64);
  const externalId = parameters.text('ExternalId');
  if (externalId !== undefined) mustSatisfy('externalId', externalId, /^[\w+=,.@:/-]*$/, 2, 1224);
  const tags = readTags(parameters);
  const policy = parameters.text('Policy');
  const managed = readPolicyArns(parameters, world);
  return {
    roleArn,
    sessionName,
    externalId,
    sourceIdentity: readSourceIdentity(parameters),
    durationSeconds: readDuration(parameters),
    tags,
    transitiveTagKeys: readTransitive(parameters, tags),
    policies: readPolicies(policy, managed),
    packedPolicyPercent: policy === undefined ? undefined : Math.ceil((policy.length * 100) / 4096),
  };
}

function readSourceIdentity(parameters: Parameters): string | undefined {
  const value = parameters.text('SourceIdentity');
  if (value !== undefined) mustSatisfy('sourceIdentity', value, /^(?!aws:)[\w+=,.@-]*$/, 2, 64);
  return value;
}

function readDuration(parameters: Parameters): number {
  const seconds = parameters.integer('DurationSeconds') ?? 3600;
  if (seconds >= 900 && seconds <= 43_200) return seconds;
  throw new AwsError(
    'ValidationError',
    400,
    `1 validation error detected: Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${seconds < 900 ? 'greater than or equal to 900' : 'less than or equal to 43200'}`,
  );
}

function readTags(parameters: Parameters): ReadonlyMap<string, string> {
  const keys = parameters.list('Tags', 'Key');
  const values = parameters.list('Tags', 'Value');
  if (keys.length > 50)
    throw new AwsError('ValidationError', 400, "Value at 'tags' failed to satisfy constraint: 50 at most");
  const tags = new Map<string, string>();
  for (const [i, key = ''] of keys.entries()) {
    const value = values[i] ?? '';
    mustSatisfy('tags.key', key, /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u, 1, 128);
    mustSatisfy('tags.value', value, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u, 0, 256);
    if ([...tags.keys()].some((other) => other.toLowerCase() === key.toLowerCase()))
      throw new AwsError(
        'InvalidParameterValue',
        400,
        'Duplicate tag keys found. Tag keys are case insensitive.',
      );
    tags.set(key, value);
  }
  return tags;
}

function readTransitive(parameters: Parameters, tags: ReadonlyMap<string, string>): readonly string[] {
  const keys = parameters.list('TransitiveTagKeys').map((key) => key ?? '');
  const unknown = keys.find((key) => !tags.has(key));
  if (unknown !== undefined)
    throw new AwsError(
      'InvalidParameterValue',
      400,
      'The specified transitive tag key must be included in the requested tags.',
    );
  return keys;
}

function readPolicyArns(parameters: Parameters, world: World): readonly (Document & { arn: string })[] {
  const arns = parameters.list('PolicyArns', 'arn').map((arn) => arn ?? '');
  if (arns.length > 10)
    throw new AwsError(
      'ValidationError',
      400,
      "Value at 'policyArns' failed to satisfy constraint: 10 at most",
    );
  return arns.map((arn) => {
    const managed = world.managedPolicies.get(arn);
    const document = managed?.versions.get(managed.current.latest);
    if (!document)
      throw new AwsError('ValidationError', 400, `Policy ${arn} does not exist or is not attachable.`);
    return { ...document, arn };
  });
}

/** Session policies, inline and managed together; undefined when none is given, so that nothing is narrowed. */
function readPolicies(
  inline: string | undefined,
  managed: readonly (Document & { arn: string })[],
): readonly Policy[] | undefined {
  const plainText = [inline ?? '', ...managed.map(({ arn }) => arn)].join('');
  if (inline !== undefined)
    mustSatisfy('policy', inline, /^[\t\n\r\u0020-\u00FF]+$/, 1, longestSessionPolicy);
  if (plainText.length > longestSessionPolicy)
    throw new AwsError('ValidationError', 400, 'The session policies together exceed 2048 characters.');
  if (inline === undefined && managed.length === 0) return undefined;
  return [...(inline === undefined ? [] : [parseOrRefuse(inline)]), ...managed.map(({ policy }) => policy)];
}

/** Throws MalformedPolicyDocument. */
export function parseOrRefuse(text: string): Policy {
  try {
    return parsePolicy(text);
  } catch (error) {
    if (error instanceof MalformedPolicy) throw new AwsError('MalformedPolicyDocument', 400, error.message);
    throw error;
  }
}
