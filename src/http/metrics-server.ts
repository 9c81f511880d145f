import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { PrometheusMeter } from './prometheus-meter.js';

/** `GET /metrics` and nothing else: for a worker, which has no API. */
export function createMetricsServer(metrics: Pick<PrometheusMeter, 'page' | 'mediaType'>): Server {
  return createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (req, res) => {
    const status = req.url?.split('?')[0] !== '/metrics' ? 404 : req.method === 'GET' ? 200 : 405;
    if (status !== 200) return void res.writeHead(status, { 'content-length': 0 }).end();
    metrics.page().then(
      (page) => res.writeHead(200, { 'content-type': metrics.mediaType }).end(page),
      () => res.writeHead(500, { 'content-length': 0 }).end(),
    );
  });
}
