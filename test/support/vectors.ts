import { existsSync, readFileSync } from 'node:fs'

const FOLDER = new URL('../../../shared/vectors/', import.meta.url)

/** Known answers from beside the repository; `undefined` where they are not there, and the test is to be skipped. */
export function readVectors<T>(file: string): T | undefined {
  const url = new URL(file, FOLDER)
  return existsSync(url) ? (JSON.parse(readFileSync(url, 'utf8')) as T) : undefined
}

/** Title of a suite that needs vectors, saying so when they are missing. */
export function vectorTitle(title: string, vectors: unknown): string {
  return vectors === undefined ? `${title} (skipped: ../shared/vectors is not there)` : title
}
