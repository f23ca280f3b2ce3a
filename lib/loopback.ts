import { BlockList, isIP } from 'node:net'

/** Options with which a client proves its identity. */
export interface Credentials {
  readonly ssl?: unknown
  readonly sasl?: unknown
  /** Credentials may be sent readable. */
  readonly allowInsecureSasl?: boolean | undefined
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** True for `host:port` where nothing that is sent leaves this machine. */
export function isLoopback (address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1')
  const family = isIP(host)
  if (family === 0) return host.toLowerCase() === 'localhost'
  return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/**
 * True when a password or token would be readable on its way. SCRAM proves that the client knows the password and does
 * not send it; every other mechanism sends what an attacker could use again.
 */
export function sendsSecret ({ ssl, sasl, allowInsecureSasl = false }: Credentials): boolean {
  if (ssl || allowInsecureSasl || typeof sasl !== 'object' || sasl === null) return false
  return !('mechanism' in sasl && /^scram-/i.test(String(sasl.mechanism)))
}
