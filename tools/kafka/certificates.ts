import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A certificate with its private key, as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  /** Certificate of the authority that signed the others. */
  readonly ca: string
  readonly client: KeyPair
  /** Files for the brokers. */
  readonly caFile: string
  readonly serverFile: string
}

/** Common name of the client's certificate; its principal is `User:CN=client`. */
export const CLIENT_NAME = 'client'

/** Makes an authority, a certificate of the brokers for `host` and localhost, and one of a client, with openssl. */
export async function makeCertificates (directory: string, host: string): Promise<Certificates> {
  const folder = `${directory}/tls`
  await mkdir(folder)
  await openssl('req', '-x509', ...newKey(`${folder}/ca`), '-subj', '/CN=test authority', '-days', '2')
  const server = await sign(folder, 'server', `subjectAltName=IP:${host},DNS:localhost`)
  const client = await sign(folder, CLIENT_NAME, 'extendedKeyUsage=clientAuth')
  const serverFile = `${folder}/server.pem`
  await writeFile(serverFile, server.key + server.cert)
  return { ca: await readFile(`${folder}/ca.crt`, 'utf8'), client, caFile: `${folder}/ca.crt`, serverFile }
}

async function sign (folder: string, name: string, extension: string): Promise<KeyPair> {
  const path = `${folder}/${name}`
  await writeFile(`${path}.ext`, `${extension}\n`)
  await openssl('req', '-new', ...newKey(path), '-subj', `/CN=${name}`)
  await openssl('x509', '-req', '-in', `${path}.crt`, '-out', `${path}.crt`, '-days', '2', '-extfile', `${path}.ext`,
    '-CA', `${folder}/ca.crt`, '-CAkey', `${folder}/ca.key`, '-set_serial', `0x${Buffer.from(name).toString('hex')}`)
  return { cert: await readFile(`${path}.crt`, 'utf8'), key: await readFile(`${path}.key`, 'utf8') }
}

/** Kafka reads keys in PKCS #8, as openssl writes them here. */
function newKey (path: string): readonly string[] {
  return ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${path}.key`, '-out', `${path}.crt`]
}

async function openssl (...args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'openssl was not found' : error.message
    throw new Error(`a certificate could not be made: ${reason}`, { cause: error })
  })
}
