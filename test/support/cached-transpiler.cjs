'use strict'

/*
 * Transpiler of the tests. TypeScript does the work, and its output is stored for the other processes: each test file
 * runs in a process of its own.
 */

const { createHash } = require('node:crypto')
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { threadId } = require('node:worker_threads')
const ts = require('typescript')

const CACHE = join(__dirname, '../../node_modules/.cache/test-transpiler')

/** Creates a transpiler for ts-node, see https://typestrong.org/ts-node/docs/transpilers. */
exports.create = ({ service, nodeModuleEmitKind }) => {
  const module = nodeModuleEmitKind === 'nodecjs' ? ts.ModuleKind.CommonJS : ts.ModuleKind.ES2022
  const compilerOptions = { ...service.config.options, module, moduleResolution: ts.ModuleResolutionKind.Bundler }
  const environment = JSON.stringify([ts.version, compilerOptions])
  mkdirSync(CACHE, { recursive: true })
  return {
    transpile (input, { fileName }) {
      const hash = createHash('sha256').update(environment).update(fileName).update('\0').update(input)
      const path = join(CACHE, `${hash.digest('hex')}.json`)
      return read(path) ?? write(path, ts.transpileModule(input, { fileName, compilerOptions }))
    }
  }
}

function read (path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Writes to a temporary file first: other processes read the cache at the same time. */
function write (path, { outputText, sourceMapText }) {
  const output = { outputText, sourceMapText }
  const temporary = `${path}.${process.pid}.${threadId}`
  writeFileSync(temporary, JSON.stringify(output))
  renameSync(temporary, path)
  return output
}
