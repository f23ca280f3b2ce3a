import { execFile } from 'node:child_process'
import { access, mkdtemp, mkdir, rename, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const pom = fileURLToPath(new URL('pom.xml', import.meta.url))
const cache = fileURLToPath(new URL('.cache/', import.meta.url))

export const kafkaVersion = process.env.KAFKA_VERSION ?? '4.1.2'

/** The directory with the broker's jars; Maven fills it the first time. */
export async function resolveJars (): Promise<string> {
  const jars = cache + kafkaVersion
  if (await exists(jars)) return jars

  console.error(`resolving Apache Kafka ${kafkaVersion} with Maven, once`)
  await mkdir(cache, { recursive: true })
  const incomplete = await mkdtemp(`${cache}incomplete-`)
  try {
    await copyDependencies(incomplete)
    await rename(incomplete, jars)
  } catch (error) {
    await rm(incomplete, { recursive: true, force: true })
    // Another test file may have been quicker.
    if (!await exists(jars)) throw error
  }
  return jars
}

async function copyDependencies (directory: string): Promise<void> {
  await promisify(execFile)('mvn', [
    '--quiet', '--batch-mode', '--file', pom,
    '--activate-profiles', kafkaVersion.startsWith('3.') ? 'kafka3' : 'kafka4',
    `-Dkafka.version=${kafkaVersion}`,
    'dependency:copy-dependencies', `-DoutputDirectory=${directory}`, '-DincludeScope=runtime'
  ]).catch((error: NodeJS.ErrnoException & { stdout?: string }) => {
    const reason = error.code === 'ENOENT' ? 'mvn was not found' : error.stdout
    throw new Error(
      `Maven could not resolve Kafka ${kafkaVersion} (install Maven, or set KAFKA_BROKERS to use a running cluster): ${reason}`,
      { cause: error }
    )
  })
}

async function exists (path: string): Promise<boolean> {
  return access(path).then(() => true, () => false)
}
