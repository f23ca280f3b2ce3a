import { conformance, PARTS } from '../suite.js'
import { simulation } from '../simulation-world.js'

conformance(simulation, [PARTS.messages])
