/** Loaded before a program that would listen on every address, and has it listen on 127.0.0.1 instead. */

import { Server } from 'node:net';

const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;

Server.prototype.listen = function listenOnLoopback(this: Server, ...args: unknown[]): Server {
  const [first, second, ...rest] = args;
  if (typeof first !== 'number') return listen.apply(this, args);
  const more = typeof second === 'function' || typeof second === 'number' ? [second, ...rest] : rest;
  return listen.call(this, first, '127.0.0.1', ...more);
};
