import { codeBlock } from './code.js'
import { el, whenOpened, type Child } from './dom.js'
import { exampleOf } from './example.js'
import { show, text, type Dictionary, type Pointers } from './json.js'
import { samplesOf, type Sample } from './message.js'
import type { Message, Model, Operation } from './model.js'
import { typescriptOf } from './typescript.js'

/** Names of the SASL mechanisms in librdkafka, which kcat uses. */
const MECHANISMS: Readonly<Record<string, string>> = {
  plain: 'PLAIN',
  scramSha256: 'SCRAM-SHA-256',
  scramSha512: 'SCRAM-SHA-512',
  oauth2: 'OAUTHBEARER'
}

/** Commands and types to copy. They are created when the reader opens them. */
export function snippets (operation: Operation, model: Model, publishAt: URL | undefined): HTMLElement {
  const details = el('details', { class: 'snippets' }, el('summary', {}, 'Commands and types'))
  whenOpened(details, () => [el('div', { class: 'body' }, ...blocks(operation, model, publishAt))])
  return details
}

function blocks (operation: Operation, model: Model, publishAt: URL | undefined): Child[] {
  const { id, kind, messages, channel } = operation
  const [message] = messages
  const sample = message === undefined ? undefined : samplesOf(message, model.pointers)[0]
  const key = message === undefined ? undefined : keyOf(message, model)
  const kcat = kcatOf(operation, model)
  const last = `${kcat} -C -o -10 -e -f '%p/%o %k %s\\n'`
  const read = titled('Read the last messages with kcat', 'the command that reads', last)
  const types = messages.filter(({ payload }) => payload !== undefined).map(({ name, payload }, _, { length }) => {
    const title = length === 1 ? 'TypeScript' : `TypeScript: ${name}`
    return titled(title, `the type of ${name}`, typescriptOf(payload, model.pointers, name))
  })
  // The tools take names of topics only.
  if (!channel.isOneTopic) return types
  if (kind === 'dead-letter') return [read, ...types]
  const write = `${echo(sample)} | ${kcat} -P${key === undefined ? '' : ` -k ${quoted(key)}`}${headersOf(sample)}`
  // A publisher computes the key of its messages.
  const ownKey = kind === 'receive' ? key : undefined
  const curl = publishAt && curlOf(new URL(encodeURIComponent(id), publishAt), sample, ownKey)
  return [
    read,
    titled('Write a message with kcat', 'the command that writes', write),
    curl !== undefined && titled('Publish with curl, as this operation', 'the curl command', curl),
    ...types
  ]
}

function titled (title: string, what: string, code: string): HTMLElement {
  return el('div', {}, el('h5', {}, title), codeBlock(what, code))
}

function kcatOf ({ channel }: Operation, { servers, pointers }: Model): string {
  const server = servers.find(({ name }) => name === channel.servers[0])?.server ?? {}
  return `kcat -b ${hostOf(server)}${securityOf(server, pointers)} -t ${quoted(channel.address)}`
}

/** Returns the host, or a shell variable where the document shows no host. */
function hostOf ({ host, variables }: Dictionary): string {
  const known = text(host)
  if (known === undefined || variables !== undefined) return '"$KAFKA"'
  return known === 'memory' ? 'localhost:9092' : quoted(known)
}

function securityOf ({ protocol, security }: Dictionary, pointers: Pointers): string {
  const [scheme] = Array.isArray(security) ? security : []
  const mechanism = MECHANISMS[show(pointers.follow(scheme).type)]
  const secure = protocol === 'kafka-secure'
  if (mechanism === undefined) return secure ? ' -X security.protocol=SSL' : ''
  const user = '-X sasl.username="$KAFKA_USER" -X sasl.password="$KAFKA_PASSWORD"'
  return ` -X security.protocol=${secure ? 'SASL_SSL' : 'SASL_PLAINTEXT'} -X sasl.mechanism=${mechanism} ${user}`
}

function keyOf ({ key }: Message, { pointers }: Model): string | undefined {
  const example = key === undefined ? undefined : exampleOf(key, pointers)
  return typeof example === 'string' ? example : undefined
}

/** Writes JSON in one line: kcat sends each line as one message. */
function echo (sample: Sample | undefined): string {
  return `printf '%s' ${quoted(JSON.stringify(sample?.value ?? {}))}`
}

function headersOf (sample: Sample | undefined): string {
  const headers = Object.entries(sample?.headers ?? {})
  return headers.map(([name, value]) => ` -H ${quoted(`${name}=${show(value)}`)}`).join('')
}

function curlOf (url: URL, sample: Sample | undefined, key: string | undefined): string {
  const headers = Object.entries(sample?.headers ?? {}).map(([name, value]) => [name, show(value)])
  const body = {
    value: sample?.value ?? {},
    ...key !== undefined && { key },
    ...headers.length > 0 && { headers: Object.fromEntries(headers) }
  }
  return `curl ${quoted(url.href)} -H 'content-type: application/json' -d ${quoted(JSON.stringify(body))}`
}

/** Quotes a text for a POSIX shell, so that the shell expands no part of it. */
function quoted (text: string): string {
  return /^[\w.:/@%+=,-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`
}
