export default function coverageMap (testFile: string): string[]
