import type { Readiness } from '../../broker/broker.js';
import { readinessQuery } from '../../wire/health.js';
import { callOf } from '../call.js';
import type { Log } from '../log.js';
import { parse } from '../parse.js';
import type { PrometheusMeter } from '../prometheus-meter.js';
import type { RoutePorts, Routes } from '../route.js';
import { send, sendText } from '../send.js';

/** Anyone may ask, so the answer is looked up at most this often. */
const freshMs = 500;

export interface HealthPorts extends RoutePorts {
  readonly metrics: PrometheusMeter;
  readonly log: Log;
  readonly stopping: () => boolean;
}

export function healthRoutes(ports: HealthPorts): Routes<'livez' | 'readyz' | 'metrics'> {
  const { metrics, log, stopping } = ports;
  const look = remembered(ports);
  return {
    livez: (_req, res) => {
      send(res, 200, { live: true });
    },

    readyz: async (req, res) => {
      const { verbose } = parse(readinessQuery, req.query, { within: '/query' });
      const { ready, checks } = stopping() ? stoppingReadiness : await look();
      // What a check found may name hosts, so it is for the log and not for whoever asks.
      if (!ready)
        log.warn({ requestId: callOf(res).id, checks: checks.filter(({ ok }) => !ok) }, 'not ready');
      send(res, ready ? 200 : 503, {
        ready,
        ...(verbose && { checks: checks.map(({ name, ok }) => ({ name, ok })) }),
      });
    },

    metrics: async (_req, res) => {
      sendText(res, 200, await metrics.page(), metrics.mediaType);
    },
  };
}

const stoppingReadiness: Readiness = {
  ready: false,
  checks: [{ name: 'broker', ok: false, detail: 'stopping' }],
};

/** The broker's readiness, asked once for all who ask at about the same time. A check that throws is a failed one. */
function remembered({ broker, clock }: RoutePorts): () => Promise<Readiness> {
  let askedAt = -Infinity;
  let answer: Promise<Readiness> | undefined;
  return () => {
    const now = clock();
    if (answer && Math.abs(now - askedAt) < freshMs) return answer;
    askedAt = now;
    answer = broker.ready().catch((cause: unknown) => ({
      ready: false,
      checks: [{ name: 'broker', ok: false, detail: cause instanceof Error ? cause.message : 'failed' }],
    }));
    return answer;
  };
}
