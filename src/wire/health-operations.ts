import { liveness, readiness, readinessQuery } from './health.js';
import type { Operation } from './operation.js';

/** For probes and scrapers. */
export const healthOperations = {
  livez: {
    method: 'get',
    path: '/livez',
    tag: 'health',
    summary: 'Whether the process runs',
    proof: 'none',
    answers: { 200: { description: 'It does.', shape: liveness } },
    faults: [],
  },
  readyz: {
    method: 'get',
    path: '/readyz',
    tag: 'health',
    summary: 'Whether the process can do its work now',
    proof: 'none',
    query: readinessQuery,
    answers: {
      200: { description: 'It can.', shape: readiness },
      503: { description: 'It cannot, or is stopping.', shape: readiness },
    },
    faults: [],
  },
  metrics: {
    method: 'get',
    path: '/metrics',
    tag: 'health',
    summary: 'Metrics in the Prometheus text format',
    proof: 'none',
    answers: { 200: { description: 'The metrics.', mediaType: 'text/plain' } },
    faults: [],
  },
} as const satisfies Record<string, Operation>;
