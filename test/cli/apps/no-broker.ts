export default async function plugin (_: unknown): Promise<void> {}
