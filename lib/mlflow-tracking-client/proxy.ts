import * as http from 'node:http';
import * as https from 'node:https';
import type * as net from 'node:net';
import * as tls from 'node:tls';

export interface Proxy {
  hostname: string;
  port: string;
  authorization?: string;
}

/**
 * The proxy for an address by the usual variables (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, either case).
 * Loopback addresses never go through a proxy: the local server is there.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv): Proxy | undefined {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  if (hostname === 'localhost' || hostname === '::1' || /^127\./.test(hostname)) return undefined;
  const excluded = read('NO_PROXY')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [name, port] = entry.replace(/^\*?\./, '').split(':') as [string, string?];
      if (port !== undefined && port !== url.port) return false;
      return entry === '*' || hostname === name || hostname.endsWith(`.${name}`);
    });
  const address = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (excluded || address === '') return undefined;
  let proxy: URL;
  try {
    proxy = new URL(address.includes('://') ? address : `http://${address}`);
  } catch {
    return undefined;
  }
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return {
    hostname: proxy.hostname,
    port: proxy.port === '' ? '80' : proxy.port,
    ...(proxy.username === ''
      ? {}
      : { authorization: `Basic ${Buffer.from(user, 'utf8').toString('base64')}` }),
  };
}

/** An agent whose TLS sockets run through a CONNECT tunnel of `proxy`. */
export function createProxyTunnel(
  proxy: Proxy,
  options: https.AgentOptions & tls.ConnectionOptions,
  timeoutMs: number,
): https.Agent {
  const agent = new https.Agent(options);
  const connect = (
    target: { host?: string; port?: number; servername?: string },
    done: (error: Error | null, socket?: net.Socket) => void,
  ): undefined => {
    const authority = `${target.host}:${target.port}`;
    const request = http.request({
      host: proxy.hostname,
      port: Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization === undefined ? {} : { 'proxy-authorization': proxy.authorization }),
      },
      agent: false,
      timeout: timeoutMs,
    });
    request.on('timeout', () => request.destroy(new Error('the proxy does not answer')));
    request.on('error', (error) => done(error));
    request.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        done(new Error(`the proxy answered ${response.statusCode} to CONNECT`));
        return;
      }
      done(null, tls.connect({ ...options, socket, servername: target.servername ?? target.host ?? '' }));
    });
    request.end();
    return undefined;
  };
  (agent as unknown as { createConnection: typeof connect }).createConnection = connect;
  return agent;
}
