import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { inputError } from 'research-basics/errors';
import { withoutUserInfo } from './secrets';

/** Options of TLS connections, to the server and to a proxy that is itself spoken to by TLS. */
export interface TlsOptions {
  rejectUnauthorized: boolean;
  ca?: string | string[];
  cert?: string;
  key?: string;
}

/**
 * The proxy for an address by the usual variables (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, either
 * case), read as Python's clients read them: an entry of `NO_PROXY` also excludes its subdomains, and may be a
 * network such as `10.0.0.0/8`; a proxy without scheme is spoken to by HTTP. Loopback addresses never go through a
 * proxy: the local server is there.
 *
 * @throws UserError (`input`) for a proxy that is neither http nor https.
 */
export function proxyFor(url: URL): URL | undefined {
  if (isLoopback(url)) return undefined;
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const read = (name: string): string => process.env[name] || process.env[name.toUpperCase()] || '';
  if (isExcluded(hostname, url.port, read('no_proxy'))) return undefined;
  const address = getProxyForUrl(url.href);
  if (address === '') return undefined;
  const given = read(`${url.protocol.slice(0, -1)}_proxy`) || read('all_proxy');
  let proxy: URL;
  try {
    proxy = new URL(given.includes('://') ? address : `http://${given}`);
  } catch {
    throw inputError(
      `the proxy "${withoutUserInfo(given)}" is not an address like http://proxy.example:3128`,
    );
  }
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:')
    throw inputError(
      `the proxy ${withoutUserInfo(given)} cannot be used: only http and https proxies are supported; set HTTPS_PROXY or HTTP_PROXY to one, or name the server in NO_PROXY`,
    );
  return proxy;
}

/** Whether an address is this machine itself. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
}

function isExcluded(hostname: string, port: string, list: string): boolean {
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const network = /^(.+)\/(\d+)$/.exec(entry);
      if (network !== null) return inNetwork(hostname, network[1]!, Number(network[2]));
      const [, name, only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry) as unknown as [string, string, string?];
      if (only !== undefined && only !== port) return false;
      return entry === '*' || hostname === name || (name !== '' && hostname.endsWith(`.${name}`));
    });
}

function inNetwork(address: string, network: string, prefix: number): boolean {
  const family = net.isIPv4(address) ? 'ipv4' : net.isIPv6(address) ? 'ipv6' : undefined;
  if (family === undefined || net.isIP(network) !== (family === 'ipv4' ? 4 : 6)) return false;
  const list = new net.BlockList();
  try {
    list.addSubnet(network, prefix, family);
  } catch {
    return false;
  }
  return list.check(address, family);
}

/** Idle sockets are closed after this long, before the server (uvicorn: 5 s) closes them under a request. */
const IDLE_MS = 3000;

/**
 * The agent for requests to a server: keep-alive sockets, TLS, directly or through the proxy of the environment
 * (https servers by a CONNECT tunnel).
 *
 * @param connectMs longest time until a proxy has made the connection.
 */
export function createAgent(base: URL, tls: TlsOptions, connectMs: number): http.Agent {
  const proxy = proxyFor(base);
  const secure = base.protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: 6 };
  let agent: http.Agent;
  if (proxy === undefined) agent = secure ? new https.Agent({ ...pool, ...tls }) : new http.Agent(pool);
  else {
    const through = secure
      ? new HttpsProxyAgent(proxy, { ...pool, ...tls })
      : new HttpProxyAgent(proxy, { ...pool, ...tls });
    limitConnect(through, connectMs);
    agent = through;
  }
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    const kept = keep(socket);
    (socket as net.Socket).setTimeout(IDLE_MS);
    // Node's own answer decides; its declared type says nothing of it.
    return kept;
  };
  return agent;
}

/** A proxy that accepts and says nothing would hold a request for ever: no socket exists yet that could time out. */
function limitConnect(agent: HttpsProxyAgent<string> | HttpProxyAgent<string>, connectMs: number): void {
  const connect = agent.connect.bind(agent) as (...parts: unknown[]) => Promise<net.Socket>;
  const limited = async (...parts: unknown[]): Promise<net.Socket> => {
    const connecting = connect(...parts);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        connecting.then((socket) => socket.destroy()).catch(() => undefined);
        reject(new Error(`the proxy made no connection within ${connectMs / 1000} s`));
      }, connectMs);
    });
    try {
      return await Promise.race([connecting, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  (agent as { connect: unknown }).connect = limited;
}
