import type { Request, RequestHandler, Response } from 'express';
import type { Broker, Grant } from '../../broker/broker.js';
import type { Principal } from '../../identity/principal.js';
import { Fault } from '../../kernel/fault.js';
import { present } from '../../kernel/present.js';
import { awsCredentialsQuery } from '../../wire/aws.js';
import type { AwsCredentialsShape } from '../../wire/aws.js';
import { callOf } from '../call.js';
import { parse } from '../parse.js';
import { faultOf, sendProblem } from '../problem.js';
import { identifiedBareToo } from '../route.js';
import type { RoutePorts, Routes } from '../route.js';
import { send } from '../send.js';

const usualSeconds = 3600;
/** botocore asks again at every call while less than 15 minutes are left; half a minute is for the way. */
const leastMs = (15 * 60 + 30) * 1000;

/** The container-credentials protocol: what SDKs ask that find AWS_CONTAINER_CREDENTIALS_FULL_URI. */
export const awsRoutes = (ports: RoutePorts): Routes<'awsCredentials'> => ({
  awsCredentials: saidForSdks(async (req, res) => {
    if (req.method === 'HEAD') throw new Fault('route.method', 'This path takes GET.');
    const { broker, clock } = ports;
    const principal = await identifiedBareToo(broker, req, res);
    const granted = await broker.grant(principal, requestOf(broker, principal, req));
    const releasing = (reason: string) => broker.revokeLease(principal, granted.lease.id, reason);
    const session = sessionOf(granted);
    if (!session) {
      await releasing('not a session of AWS');
      throw new Fault('aws.no_session', 'What this entry mints is not a session of AWS.');
    }
    if (Date.parse(session.Expiration) - clock() < leastMs) {
      await releasing('too short for an SDK');
      throw new Fault('aws.session_too_short', `The session would end at ${session.Expiration}.`);
    }
    // SDKs wait for a second or two. Who has gone will ask again, and what nobody has is given back.
    if (res.destroyed) return void (await releasing('the SDK did not wait'));
    send(res, 200, session);
  }),
});

function requestOf(broker: Broker, principal: Principal, req: Request) {
  const asked = parse(awsCredentialsQuery, req.query, {
    within: '/query',
    faultAt: { '/query/ttl': 'ttl.invalid' },
  });
  const entry = broker.catalog(principal).find(({ name }) => name === asked.credential);
  const usual = entry && Math.min(usualSeconds, entry.maximumTtlSeconds);
  return present({
    task: asked.task,
    credential: asked.credential,
    parameters: asked.parameters ?? {},
    tool: asked.tool,
    reason: asked.reason,
    ttlSeconds: asked.ttl ?? usual,
  });
}

function sessionOf({ secret }: Grant): AwsCredentialsShape | undefined {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId } = secret.reveal();
  const all = [AccessKeyId, SecretAccessKey, SessionToken, Expiration];
  if (!all.every((value) => typeof value === 'string')) return undefined;
  const [accessKeyId = '', secretAccessKey = '', token = '', expiration = ''] = all;
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    Token: token,
    Expiration: expiration,
    ...(typeof AccountId === 'string' && { AccountId }),
  };
}

/** SDKs show the `Code` and `Message` of a refusal to whoever reads their error; the rest is the problem as ever. */
const saidForSdks =
  (handle: (req: Request, res: Response) => Promise<void>): RequestHandler =>
  async (req, res) => {
    try {
      await handle(req, res);
    } catch (thrown) {
      const call = callOf(res);
      const fault = (call.fault = faultOf(thrown));
      sendProblem(res, fault, call.id, ({ detail, remedy }) => ({
        Code: fault.code,
        Message: `${detail} ${remedy}`,
      }));
    }
  };
