import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import type { Express, NextFunction, Request, Response } from 'express';
import request from 'supertest';
import { expressApp, expressServer } from '../../src/http/express-server.js';

const running: (() => void)[] = [];
afterEach(() => {
  for (const close of running.splice(0)) close();
});

async function listening(app: Express) {
  const server = expressServer(app, {});
  running.push(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a request has its final prototype from birth, so that Express changes none', async () => {
  const app = expressApp();
  let changed = 0;
  app.get('/', (req, res) => {
    expect(req).toBeInstanceOf(IncomingMessage);
    expect(Object.getPrototypeOf(req)).toBe(app.request);
    expect(Object.getPrototypeOf(res)).toBe(app.response);
    res.json({ changed });
  });
  const url = await listening(app);
  const setPrototypeOf = Object.setPrototypeOf;
  Object.setPrototypeOf = (target: object, prototype: object) => {
    if (Object.getPrototypeOf(target) !== prototype) changed++;
    return setPrototypeOf(target, prototype) as unknown;
  };
  try {
    await request(url).get('/').expect(200, { changed: 0 });
  } finally {
    Object.setPrototypeOf = setPrototypeOf;
  }
});

test('what Express adds to requests and responses is there', async () => {
  const app = expressApp();
  app.get('/items/:id', (req, res) => {
    res
      .status(202)
      .set('X-Seen', req.get('X-Sent') ?? '')
      .json({ id: req.params['id'], query: req.query, path: req.path, ip: req.ip, same: req.app === app });
  });
  await request(await listening(app))
    .get('/items/7?a=1')
    .set('X-Sent', 'yes')
    .expect(202)
    .expect('X-Seen', 'yes')
    .expect(({ body }) => {
      expect(body).toMatchObject({ id: '7', query: { a: '1' }, path: '/items/7', same: true });
    });
});

test('routers, sub-applications, 404 and malformed JSON work as in stock Express', async () => {
  const app = expressApp();
  const router = express.Router();
  router.get('/there', (_req, res) => void res.send('router'));
  app.use('/router', router);
  const sub = express();
  sub.get('/there', (req, res) => void res.send(`sub ${req.baseUrl}`));
  app.use('/sub', sub);
  app.post('/json', express.json(), (req, res) => void res.json(req.body));
  app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
    res.status(error.status ?? 500).send('handled');
  });
  const url = await listening(app);
  await request(url).get('/router/there').expect(200, 'router');
  await request(url).get('/sub/there').expect(200, 'sub /sub');
  await request(url).get('/nowhere').expect(404);
  await request(url).post('/json').send({ a: 1 }).expect(200, { a: 1 });
  await request(url).post('/json').set('Content-Type', 'application/json').send('{').expect(400, 'handled');
});

test('two applications in one process do not meet', async () => {
  const [one, other] = [expressApp(), expressApp()];
  for (const app of [one, other]) app.get('/', (req, res) => void res.json(req.app === app));
  await request(await listening(one))
    .get('/')
    .expect(200, 'true');
  await request(await listening(other))
    .get('/')
    .expect(200, 'true');
});
