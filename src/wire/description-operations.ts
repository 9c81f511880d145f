import { liveness, readiness, readinessQuery } from './health.js';
import type { Operation } from './operation.js';
import { problemType } from './problem.js';

/** What anyone may ask: whether the process is well, and what there is to call. */
export const descriptionOperations = {
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
  openapi: {
    method: 'get',
    path: '/openapi.json',
    tag: 'description',
    summary: 'This description',
    proof: 'none',
    answers: { 200: { description: 'OpenAPI 3.1.', mediaType: 'application/json' } },
    faults: [],
  },
  explainProblem: {
    method: 'get',
    path: '/problems/{code}',
    tag: 'description',
    summary: 'What a problem type means',
    proof: 'none',
    answers: { 200: { description: 'The kind of problem.', shape: problemType } },
    faults: ['route.unknown'],
  },
} as const satisfies Record<string, Operation>;
