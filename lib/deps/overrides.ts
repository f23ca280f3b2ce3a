import { perApp } from '../scope.js'
import type { DeclaredDependency } from './dependency.js'

/** The dependencies of an app that a test replaced, and what replaces them. */
export const overridesOf = perApp(() => new Map<DeclaredDependency, DeclaredDependency>())
