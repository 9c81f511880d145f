import { capabilitiesOf, type Core, type Route } from './core.js';
import { millisecondsOf, textOf, textsOf } from './field.js';
import { parsePolicy } from './policy.js';
import { pastMaximum, warningsOf } from './renewal.js';
import { done, ok, queued, refuse, type Reply } from './reply.js';

/** `sys/`: health, policies, capabilities and leases. */
export function systemRoutes(core: Core): Route[] {
  return [
    {
      method: 'GET',
      path: /^sys\/health$/,
      open: true,
      answer: () => ({
        status: 200,
        body: { initialized: true, sealed: false, standby: false, version: 'stand-in' },
      }),
    },
    {
      method: 'POST',
      path: /^sys\/policies\/acl\/([\w-]+)$/,
      answer: ({ captured: [name = ''], body }) => {
        try {
          core.policies.set(name, parsePolicy(textOf(body['policy'])));
          return done;
        } catch {
          return refuse(400, 'failed to parse policy');
        }
      },
    },
    {
      method: 'POST',
      path: /^sys\/capabilities-self$/,
      answer: ({ body, token }) => {
        const rights = (textsOf(body['paths']) ?? []).map((path) => {
          const has = capabilitiesOf(core, token!, path);
          return [path, has.length > 0 ? has : ['deny']];
        });
        return ok({ data: Object.fromEntries(rights) as Record<string, unknown> });
      },
    },
    {
      method: 'POST',
      path: /^sys\/leases\/lookup$/,
      answer: ({ body }) => {
        const lease = core.leases.find(textOf(body['lease_id']));
        if (!lease) return refuse(400, 'invalid lease');
        const ttl = Math.max(0, Math.floor((lease.endsAt - core.clock()) / 1000));
        return ok({
          data: {
            id: lease.id,
            path: '',
            issue_time: new Date(lease.issuedAt).toISOString(),
            expire_time: new Date(lease.endsAt).toISOString(),
            last_renewal: lease.renewedAt === undefined ? null : new Date(lease.renewedAt).toISOString(),
            renewable: true,
            ttl,
          },
        });
      },
    },
    {
      method: 'POST',
      path: /^sys\/leases\/renew$/,
      answer: ({ body }) => {
        const lease = core.leases.find(textOf(body['lease_id']));
        if (!lease) return refuse(400, 'lease not found');
        const incrementMs = millisecondsOf(body['increment']) ?? lease.endsAt - lease.issuedAt;
        const renewed = core.leases.renew(lease, incrementMs);
        if (!renewed) return pastMaximum;
        const seconds = Math.round((lease.endsAt - core.clock()) / 1000);
        return ok({
          lease_id: lease.id,
          lease_duration: seconds,
          renewable: true,
          ...warningsOf(renewed),
        });
      },
    },
    {
      method: 'POST',
      path: /^sys\/leases\/revoke$/,
      answer: ({ body }) => {
        const lease = core.leases.find(textOf(body['lease_id']));
        if (!lease) return done;
        if (body['sync'] === true) {
          core.leases.end(lease);
          return done;
        }
        setImmediate(() => core.leases.end(lease));
        return queued;
      },
    },
  ];
}

/** `sys/wrapping/`: an answer put aside for whoever brings the wrapping token, once. */
export function wrappingRoutes(core: Core): Route[] {
  return [
    {
      method: 'POST',
      path: /^sys\/wrapping\/wrap$/,
      answer: ({ body, wrapTtlMs }) =>
        wrapTtlMs === undefined
          ? refuse(400, 'endpoint requires response wrapping to be used')
          : ok({ data: body }),
    },
    {
      method: 'POST',
      path: /^sys\/wrapping\/unwrap$/,
      open: true,
      answer: ({ body, token }) => {
        const wrapping = core.tokens.find(textOf(body['token'])) ?? token;
        if (!wrapping?.wraps) return refuse(400, 'wrapping token is not valid or does not exist');
        core.tokens.revoke(wrapping);
        return { status: 200, body: wrapping.wraps };
      },
    },
  ];
}

/** Puts the answer aside and gives a token for it instead. */
export function wrapReply(core: Core, reply: Reply, ttlMs: number, path: string): Reply {
  if (reply.status !== 200 || !reply.body) return reply;
  const token = core.tokens.create({
    path,
    policies: ['response-wrapping'],
    lifeMs: ttlMs,
    wraps: reply.body,
  });
  return ok({
    wrap_info: {
      token: token.id,
      accessor: token.accessor,
      ttl: ttlMs / 1000,
      creation_time: new Date(token.issuedAt).toISOString(),
      creation_path: path,
    },
  });
}
