import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pomOf } from './pom.js'
import { run } from './run.js'

const INSTALL_MAVEN =
  'mvn was not found: install Maven (Debian: apt install maven, macOS: brew install maven), or name a running ' +
  'cluster in KAFKA_BROKERS'

/** Release of Kafka that is started. */
export function kafkaVersion (): string {
  return process.env.KAFKA_VERSION ?? '4.1.2'
}

/** Directory of the user in which the jars are kept. */
export function userCache (): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fastify-faststream', 'kafka')
}

/**
 * Returns the directory with the broker's jars, which Maven fills the first time.
 *
 * @throws FASTSTREAM_ERR_LOCAL_KAFKA
 */
export async function resolveJars (cache: string): Promise<string> {
  const version = kafkaVersion()
  const jars = join(cache, version)
  if (await exists(jars)) return jars

  console.error(`resolving Apache Kafka ${version} with Maven, once`)
  await mkdir(cache, { recursive: true })
  const incomplete = await mkdtemp(join(cache, 'incomplete-'))
  try {
    await copyDependencies(incomplete, version)
    await rename(join(incomplete, 'jars'), jars)
  } catch (error) {
    // Another process may have been quicker.
    if (!await exists(jars)) throw error
  } finally {
    await rm(incomplete, { recursive: true, force: true })
  }
  return jars
}

async function copyDependencies (directory: string, version: string): Promise<void> {
  const pom = join(directory, 'pom.xml')
  await writeFile(pom, pomOf(version))
  await run('mvn', [
    '--quiet', '--batch-mode', '--file', pom, 'dependency:copy-dependencies',
    `-DoutputDirectory=${join(directory, 'jars')}`, '-DincludeScope=runtime'
  ], INSTALL_MAVEN)
}

async function exists (path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false)
}
