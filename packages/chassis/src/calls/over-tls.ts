import { Agent, type RequestOptions } from 'node:https';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { reasonOf } from '../process/tls/reason.js';
import type { ServiceTls } from '../process/tls/tls.js';

/** No connection was made, so nothing was sent. */
export class NotConnected extends Error {
  constructor(name: string, cause: Error) {
    super(`${name}: ${reasonOf(cause) ?? cause.message}`, { cause });
    this.name = 'NotConnected';
  }
}

/** Connects a pool to the replicas of a service. Their certificates must name the service, because addresses change. */
export function connectorTo(name: string, tls: ServiceTls, timeoutMs: number): buildConnector.connector {
  let of: SecureContext | undefined;
  let connect: buildConnector.connector;
  return (options, callback) => {
    const secureContext = tls.context();
    if (of !== secureContext) {
      of = secureContext;
      connect = buildConnector({ secureContext, timeout: timeoutMs });
    }
    connect({ ...options, servername: name }, (...[error, socket]) => {
      if (error) callback(new NotConnected(name, error), null);
      else callback(null, socket);
    });
  };
}

/** The same for Node's own client. */
export function agentTo(name: string, tls: ServiceTls): Agent {
  class ServiceAgent extends Agent {
    override createConnection(options: RequestOptions, callback?: Parameters<Agent['createConnection']>[1]) {
      const own = { servername: name, secureContext: tls.context() };
      return super.createConnection({ ...options, ...own }, callback);
    }
  }
  return new ServiceAgent({ keepAlive: true });
}
