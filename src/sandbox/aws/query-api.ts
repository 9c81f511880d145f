import { AwsError } from './aws-error.js';
import type { Answer, Call } from './call.js';
import { type XmlElements, xml } from './xml.js';

/** The parameters of a call of the AWS query protocol: a form, lists as `Name.member.1`. */
export interface Parameters {
  text(name: string): string | undefined;
  /** Whole number; throws ValidationError when it is none. */
  integer(name: string): number | undefined;
  /** `Name.member.N`, or `Name.member.N.<field>`, in the order of N. */
  list(name: string, field?: string): readonly (string | undefined)[];
}

/** Answers one action: undefined when it has no result. */
export type Action = (parameters: Parameters, call: Call) => XmlElements | undefined;

export interface QueryService {
  readonly version: string;
  readonly namespace: string;
  readonly actions: Readonly<Record<string, Action>>;
}

export function readParameters(body: string): Parameters {
  const form = new URLSearchParams(body);
  const text = (name: string) => form.get(name) ?? undefined;
  return {
    text,
    integer: (name) => {
      const value = text(name);
      if (value !== undefined && !/^-?\d{1,10}$/.test(value))
        throw new AwsError('ValidationError', 400, `${value} is not a valid integer for ${name}`);
      return value === undefined ? undefined : Number(value);
    },
    list: (name, field) => {
      const values: (string | undefined)[] = [];
      const fieldOf = (n: number) => `${name}.member.${n}${field === undefined ? '' : `.${field}`}`;
      const present = (n: number) =>
        [...form.keys()].some((key) => `${key}.`.startsWith(`${name}.member.${n}.`));
      for (let n = 1; present(n); n++) values.push(text(fieldOf(n)));
      return values;
    },
  };
}

export function answerQuery(
  service: QueryService,
  parameters: Parameters,
  call: Call,
  requestId: string,
): Answer {
  const name = parameters.text('Action') ?? '';
  const action = Object.hasOwn(service.actions, name) ? service.actions[name] : undefined;
  if (!action || parameters.text('Version') !== service.version)
    throw new AwsError('InvalidAction', 400, `Could not find operation ${name} for this version`);
  const result = action(parameters, call);
  const content = {
    ...(result ? { [`${name}Result`]: result } : {}),
    ResponseMetadata: { RequestId: requestId },
  };
  return answerXml(200, requestId, xml(`${name}Response`, content, service.namespace));
}

export const queryError = (error: AwsError, namespace: string, requestId: string): Answer =>
  answerXml(
    error.status,
    requestId,
    xml(
      'ErrorResponse',
      {
        Error: {
          Type: error.status < 500 ? 'Sender' : 'Receiver',
          Code: error.code,
          Message: error.message,
        },
        RequestId: requestId,
      },
      namespace,
    ),
  );

const answerXml = (status: number, requestId: string, body: string): Answer => ({
  status,
  headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
  body,
});

/** The constraint texts of the AWS APIs. Throws ValidationError. */
export function mustSatisfy(name: string, value: string, pattern: RegExp, least: number, most: number): void {
  const broken =
    value.length < least
      ? `Member must have length greater than or equal to ${least}`
      : value.length > most
        ? `Member must have length less than or equal to ${most}`
        : pattern.test(value)
          ? undefined
          : `Member must satisfy regular expression pattern: ${pattern.source}`;
  if (broken === undefined) return;
  throw new AwsError(
    'ValidationError',
    400,
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${broken}`,
  );
}

export function required(parameters: Parameters, name: string): string {
  const value = parameters.text(name);
  if (value !== undefined) return value;
  throw new AwsError(
    'ValidationError',
    400,
    `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}
