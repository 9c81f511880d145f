import type { Request, RequestHandler, Response } from 'express';
import type { Broker } from '../broker/broker.js';
import { askingBy } from '../identity/principal.js';
import type { Principal } from '../identity/principal.js';
import type { Clock } from '../kernel/clock.js';
import type { OperationId } from '../wire/operations.js';
import { headerValues, shownToken, shownTokenOrBare } from './bearer.js';
import type { ShownToken } from './bearer.js';
import { callOf, causeOf } from './call.js';
import { shownCertificates } from './client-certificate.js';
import type { Limits } from './limits.js';

/** What the routes need. */
export interface RoutePorts {
  readonly broker: Broker;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Where people reach the console, without a slash at its end. */
  readonly consoleUrl?: string;
  /** Where callers reach this broker, as the settings have it. */
  readonly publicUrl?: string | undefined;
}

/** One handler for each of these operations: parse, one call, render. What it throws becomes a problem. */
export type Routes<Id extends OperationId> = Readonly<Record<Id, RequestHandler>>;

/** Who asks. Before anything else of the request is looked at. */
export async function identified(broker: Broker, req: Request, res: Response): Promise<Principal> {
  const { proven } = callOf(res);
  return as(await (proven ? proven() : byWhatIsShown(shownToken, broker, req, res)), res);
}

/** The same for what AWS SDKs send, who may show a token without saying of what kind it is. */
export const identifiedBareToo = async (broker: Broker, req: Request, res: Response): Promise<Principal> =>
  as(await byWhatIsShown(shownTokenOrBare, broker, req, res), res);

function as(principal: Principal, res: Response): Principal {
  callOf(res).principal = principal.id;
  return askingBy(principal, causeOf(res));
}

/** By a token; where the request has none, by the certificate of its connection. */
function byWhatIsShown(
  tokenOf: (req: Request) => ShownToken,
  broker: Broker,
  req: Request,
  res: Response,
): Promise<Principal> {
  const certificates = shownCertificates(req.socket);
  const hasToken = certificates === undefined || headerValues(req, 'authorization').length > 0;
  const { scheme, token } = hasToken ? tokenOf(req) : { scheme: 'bearer' as const, token: undefined };
  return broker.identify(token, {
    scheme,
    proofs: headerValues(req, 'dpop'),
    method: req.method,
    path: req.baseUrl + req.path,
    giveNonce: (nonce) => res.setHeader('DPoP-Nonce', nonce),
    ...(certificates && { certificates }),
  });
}

/** A parameter of the path; the router has seen to it that it is there. */
export const pathParameter = (req: Request, name: string): string => {
  const value = req.params[name];
  return typeof value === 'string' ? value : '';
};
