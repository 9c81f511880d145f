import { createServer, IncomingMessage } from 'node:http';
import type { Server, ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import express from 'express';
import type { Express } from 'express';
import { AnswerWithHead } from './head.js';

/** An Express application with nothing on that we do not use. */
export function expressApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  return app;
}

/**
 * A server whose requests and responses are Express's from birth. Express gives every request and response its
 * prototype with Object.setPrototypeOf, and on Node 20 that makes V8 throw away what it knew of their shape: about
 * 120 microseconds a request, three quarters of Express's whole speed. When the classes that Node instantiates
 * already carry Express's methods, and are what the application would set, the call changes nothing and costs
 * nothing. Only public options are used; a class is needed, as a plain function is slower than stock Express.
 */
export function expressServer(app: Express, options: ServerOptions, tls?: TlsOptions): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse<Request extends IncomingMessage> extends AnswerWithHead<Request> {}
  adopt(AppRequest.prototype, express.request, app);
  adopt(AppResponse.prototype, express.response, app);
  app.request = AppRequest.prototype as unknown as typeof app.request;
  app.response = AppResponse.prototype as unknown as typeof app.response;
  const own = { ...options, IncomingMessage: AppRequest, ServerResponse: AppResponse };
  return tls ? createTlsServer({ ...tls, ...own }, app) : createServer(own, app);
}

function adopt(prototype: object, methods: object, app: Express): void {
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(methods));
  Object.defineProperty(prototype, 'app', {
    configurable: true,
    enumerable: true,
    writable: true,
    value: app,
  });
}
